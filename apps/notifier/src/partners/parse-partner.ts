import { command, MAX_ID, type FieldProblem } from '#libs/contracts'
import { parseCidr } from './address-ranges.js'
import { isEmailAddress } from './email-address.js'
import { type Partner, PARTNER_ID } from './partner.js'
import type { PartnerRegistrationDto } from './partners.dto.js'
import type { Channel } from './channel.js'
import type { ChannelDto, EmailDto, SftpDto, WebhookDto } from './channels.dto.js'
import { isPrivateKeyText, pinHost } from './ssh-keys.js'
import { parseWebhookSecret } from './webhook-secret.js'

export type ParsedPartner = { ok: true; partner: Partner } | { ok: false; problems: FieldProblem[] }

/** Messages a second for a registration without `rate`. */
export const DEFAULT_RATE = 5

/** Parses the fields of a registration. `checkPartner` checks what the profile allows, and that notifier delivers by these channels. */
export function parsePartner(body: PartnerRegistrationDto): ParsedPartner {
  const { id, name, groups, channels, deliver, contact, rate, lane, networks, events } = body
  const problems: FieldProblem[] = []
  const report: Report = (pointer, detail) => problems.push({ pointer, detail })
  checkId(id, '/id', report)
  groups?.forEach((group, index) => checkId(group, `/groups/${index}`, report))
  for (const [index, network] of networks?.entries() ?? [])
    if (!parseCidr(network)) report(`/networks/${index}`, 'must be a CIDR, for instance 10.20.0.0/16')
  if (contact !== undefined && contact !== null && !isEmailAddress(contact))
    report('/contact', 'must be one email address, for instance air@va.example, without a name beside it')
  const partner: Partner = {
    id,
    name,
    groups: [...new Set(groups)],
    channels: channels.flatMap((channel, index) => parseChannel(channel, `/channels/${index}`, report) ?? []),
    deliver: deliver ?? 'all',
    contact: contact ?? null,
    rate: rate ?? DEFAULT_RATE,
    lane: lane ?? 'latest',
    networks: [...new Set(networks)],
    ...(events === undefined ? {} : { events: [...new Set(events)] }),
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, partner }
}

function checkId(id: string, pointer: string, report: Report): void {
  if (id.length <= MAX_ID && PARTNER_ID.test(id)) return
  report(pointer, 'must be lower-case words joined by single hyphens, for instance va-deq, of at most 100 characters')
}

/** `pointer` is an RFC 6901 pointer into the request document. */
export type Report = (pointer: string, detail: string) => void

const SFTP_PORT = 22
const MIN_A2A_SECRET = 16

/** Parses one channel of a registration; `undefined` after a report. Details contain no secret. */
export function parseChannel({ webhook, email, sftp, a2a, agent2agent }: ChannelDto, pointer: string, report: Report): Channel | undefined {
  const given = Object.values({ webhook, email, sftp, a2a, agent2agent }).filter((channel) => channel !== undefined)
  if (given.length !== 1) report(pointer, 'a channel has exactly one key: webhook, email, sftp, a2a or agent2agent')
  else if (webhook !== undefined) return parseWebhook(webhook, `${pointer}/webhook`, report)
  else if (email !== undefined) return parseEmail(email, `${pointer}/email`, report)
  else if (sftp !== undefined) return parseSftp(sftp, `${pointer}/sftp`, report)
  else if (a2a !== undefined) return { kind: 'a2a', ...parseA2a(a2a, `${pointer}/a2a`, report) }
  else if (agent2agent !== undefined) return { kind: 'agent2agent', ...parseA2a(agent2agent, `${pointer}/agent2agent`, report) }
  return undefined
}

function parseWebhook({ url, secret }: WebhookDto, pointer: string, report: Report): Channel {
  const parsed = parseWebhookSecret(secret)
  if (isValue(secret, `${pointer}/secret`, report) && !parsed.ok) report(`${pointer}/secret`, parsed.detail)
  return { kind: 'webhook', url, secret }
}

function parseEmail({ to }: EmailDto, pointer: string, report: Report): Channel {
  if (!isEmailAddress(to)) report(`${pointer}/to`, 'must be one email address, for instance air@va.example, without a name beside it')
  return { kind: 'email', to }
}

function parseSftp({ host, port = SFTP_PORT, user, hostKey, dir, key }: SftpDto, pointer: string, report: Report): Channel {
  if (!/^[!-~]+$/.test(user)) report(`${pointer}/user`, 'must be a user name without spaces and control characters')
  if (pinHost(hostKey) === undefined) {
    report(
      `${pointer}/hostKey`,
      'must be a line of an OpenSSH public key, for instance from ssh-keyscan -t ed25519 HOST: ssh-ed25519 AAAA…',
    )
  }
  if (!isFolder(dir)) report(`${pointer}/dir`, 'must be a folder on the server without .. and control characters, for instance /inbox')
  if (isValue(key, `${pointer}/key`, report) && !isPrivateKeyText(key)) {
    report(
      `${pointer}/key`,
      `must be a private key in PEM or OpenSSH form, for instance file:id_ed25519 for ${command('partners.add.verb')}`,
    )
  }
  return { kind: 'sftp', host, port, user, hostKey: hostKey.trim(), dir, key }
}

function parseA2a({ url, secret }: WebhookDto, pointer: string, report: Report): WebhookDto {
  if (isValue(secret, `${pointer}/secret`, report) && secret.length < MIN_A2A_SECRET)
    report(`${pointer}/secret`, `the secret has ${secret.length} characters; ${MIN_A2A_SECRET} or more are needed`)
  return { url, secret }
}

/** Whether a secret is a value and no `env:` or `file:` reference. A server that resolved references would disclose its own secrets. */
function isValue(secret: string, pointer: string, report: Report): boolean {
  if (!/^(env|file):/.test(secret)) return true
  report(pointer, `env: and file: are resolved by ${command('partners.add.verb')}; send the value itself`)
  return false
}

function isFolder(dir: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return dir !== '' && !/[\u0000-\u001f\u007f]/.test(dir) && !dir.split('/').includes('..')
}
