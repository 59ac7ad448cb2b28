import { parseCidr } from './address-ranges.js'
import type { Channel, Partner } from './partner.js'
import { PARTNER_ID } from './partner.js'
import type { ChannelDto, PartnerRegistrationDto, WebhookDto } from './partners.dto.js'
import { parseWebhookSecret } from './webhook-secret.js'

/** `pointer` is an RFC 6901 pointer into the document that was sent. */
export type PartnerProblem = { pointer: string; detail: string }

export type ParsedPartner =
  | { ok: true; partner: Partner }
  | { ok: false; code: 'HMS_PARTNER_INVALID' | 'HMS_PARTNER_CHANNEL_UNSUPPORTED'; problems: PartnerProblem[] }

type Report = (pointer: string, detail: string) => void

/**
 * Judges what the texts of a well-formed registration mean. `checkPartnerUrl` judges the addresses, by profile.
 * A channel that is known but not built is told apart from a wrong document, unless something else is wrong too.
 */
export function parsePartner({ id, name, groups, channels, lane, networks }: PartnerRegistrationDto): ParsedPartner {
  const problems: PartnerProblem[] = []
  const unsupported: PartnerProblem[] = []
  const report: Report = (pointer, detail) => problems.push({ pointer, detail })
  checkId(id, '/id', report)
  groups?.forEach((group, index) => checkId(group, `/groups/${index}`, report))
  networks?.forEach((network, index) => checkNetwork(network, `/networks/${index}`, report))
  const partner: Partner = {
    id,
    name,
    groups: [...new Set(groups)],
    channels: parseChannels(channels, report, (pointer, detail) => unsupported.push({ pointer, detail })),
    lane: lane ?? 'latest',
    networks: [...new Set(networks)],
  }
  if (problems.length > 0) return { ok: false, code: 'HMS_PARTNER_INVALID', problems: [...problems, ...unsupported] }
  if (unsupported.length > 0) return { ok: false, code: 'HMS_PARTNER_CHANNEL_UNSUPPORTED', problems: unsupported }
  return { ok: true, partner }
}

function parseChannels(channels: readonly ChannelDto[], report: Report, unsupported: Report): Channel[] {
  return channels.flatMap(({ webhook, email, sftp }, index): Channel[] => {
    const pointer = `/channels/${index}`
    const given = Object.entries({ webhook, email, sftp }).filter(([, channel]) => channel !== undefined)
    if (given.length !== 1) report(pointer, 'a channel has exactly one key: webhook, email or sftp')
    else if (webhook === undefined) {
      const kind = given[0]![0]
      unsupported(`${pointer}/${kind}`, `${kind} is not delivered by this version; give the partner a webhook: { url, secret }`)
    } else {
      checkSecret(webhook, `${pointer}/webhook/secret`, report)
      return [{ webhook: { url: webhook.url, secret: webhook.secret } }]
    }
    return []
  })
}

function checkSecret({ secret }: WebhookDto, pointer: string, report: Report): void {
  const parsed = parseWebhookSecret(secret)
  if (/^(env|file):/.test(secret)) report(pointer, 'env: and file: are resolved by hms-svc partners add; send the value itself')
  else if (!parsed.ok) report(pointer, parsed.detail)
}

function checkId(id: string, pointer: string, report: Report): void {
  if (id.length <= 100 && PARTNER_ID.test(id)) return
  report(pointer, 'must be lower-case words joined by single hyphens, for instance va-deq, of at most 100 characters')
}

function checkNetwork(network: string, pointer: string, report: Report): void {
  if (!parseCidr(network)) report(pointer, 'must be a CIDR, for instance 10.20.0.0/16')
}
