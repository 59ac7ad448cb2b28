import { parseCidr } from './address-ranges.js'
import type { Channel, Partner } from './partner.js'
import { PARTNER_ID } from './partner.js'
import { parseWebhookSecret } from './webhook-secret.js'

/** `pointer` is an RFC 6901 pointer into the document that was sent. */
export type PartnerProblem = { pointer: string; detail: string }

export type ParsedPartner =
  | { ok: true; partner: Partner }
  | { ok: false; code: 'HMS_PARTNER_INVALID' | 'HMS_PARTNER_CHANNEL_UNSUPPORTED'; problems: PartnerProblem[] }

type Report = (pointer: string, detail: string) => void

const KEYS = ['id', 'name', 'groups', 'channels', 'lane', 'networks']
const MAX_NAME = 200
const MAX_ENTRIES = 64
const MAX_CHANNELS = 8
const MAX_URL = 2048

/**
 * Shape only: whether an address may be called depends on the profile and is `checkPartnerUrl`'s to say.
 * A channel that is known but not built is told apart from a wrong document, unless something else is wrong too.
 */
export function parsePartner(value: unknown): ParsedPartner {
  const problems: PartnerProblem[] = []
  const unsupported: PartnerProblem[] = []
  const report: Report = (pointer, detail) => problems.push({ pointer, detail })
  if (!isRecord(value)) return { ok: false, code: 'HMS_PARTNER_INVALID', problems: [{ pointer: '', detail: 'a partner is a mapping' }] }
  refuseUnknownKeys(value, KEYS, '', report)
  const partner: Partner = {
    id: parseId(value['id'], '/id', report),
    name: parseText(value['name'], '/name', MAX_NAME, report),
    groups: parseList(value['groups'], '/groups', report, parseId),
    channels: parseChannels(value['channels'], report, (pointer, detail) => unsupported.push({ pointer, detail })),
    lane: parseLane(value['lane'], report),
    networks: parseList(value['networks'], '/networks', report, parseNetwork),
  }
  if (problems.length > 0) return { ok: false, code: 'HMS_PARTNER_INVALID', problems: [...problems, ...unsupported] }
  if (unsupported.length > 0) return { ok: false, code: 'HMS_PARTNER_CHANNEL_UNSUPPORTED', problems: unsupported }
  return { ok: true, partner }
}

function parseChannels(value: unknown, report: Report, unsupported: Report): Channel[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_CHANNELS) {
    report('/channels', `channels is a list of 1 to ${MAX_CHANNELS} channels, for instance - webhook: { url, secret }`)
    return []
  }
  return value.flatMap((channel: unknown, index): Channel[] => {
    const pointer = `/channels/${index}`
    const kinds = isRecord(channel) ? Object.keys(channel) : []
    if (!isRecord(channel) || kinds.length !== 1) {
      report(pointer, 'a channel has exactly one key: webhook, email or sftp')
    } else if (kinds[0] === 'email' || kinds[0] === 'sftp') {
      unsupported(`${pointer}/${kinds[0]}`, `${kinds[0]} is not delivered by this version; give the partner a webhook: { url, secret }`)
    } else if (kinds[0] === 'webhook') {
      return [{ webhook: parseWebhook(channel['webhook'], `${pointer}/webhook`, report) }]
    } else {
      report(pointer, `unknown channel ${kinds[0]}; known are webhook, email and sftp`)
    }
    return []
  })
}

function parseWebhook(value: unknown, pointer: string, report: Report): Channel['webhook'] {
  if (!isRecord(value)) {
    report(pointer, 'a webhook is { url, secret }')
    return { url: '', secret: '' }
  }
  refuseUnknownKeys(value, ['url', 'secret'], pointer, report)
  return {
    url: parseText(value['url'], `${pointer}/url`, MAX_URL, report),
    secret: parseSecret(value['secret'], `${pointer}/secret`, report),
  }
}

function parseSecret(value: unknown, pointer: string, report: Report): string {
  const text = typeof value === 'string' ? value : ''
  const secret = parseWebhookSecret(text)
  if (/^(env|file):/.test(text)) report(pointer, 'env: and file: are resolved by hms-svc partners add; send the value itself')
  else if (!secret.ok) report(pointer, secret.detail)
  return text
}

function parseLane(value: unknown, report: Report): Partner['lane'] {
  if (value === undefined || value === 'latest' || value === 'every') return value ?? 'latest'
  report('/lane', 'lane is latest or every')
  return 'latest'
}

function parseId(value: unknown, pointer: string, report: Report): string {
  if (typeof value === 'string' && value.length <= 100 && PARTNER_ID.test(value)) return value
  report(pointer, 'must be lower-case words joined by single hyphens, for instance va-deq, of at most 100 characters')
  return ''
}

function parseNetwork(value: unknown, pointer: string, report: Report): string {
  if (typeof value === 'string' && parseCidr(value)) return value
  report(pointer, 'must be a CIDR, for instance 10.20.0.0/16')
  return ''
}

function parseText(value: unknown, pointer: string, max: number, report: Report): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= max) return value
  report(pointer, `must be a text of 1 to ${max} characters`)
  return ''
}

function parseList(
  value: unknown,
  pointer: string,
  report: Report,
  item: (value: unknown, pointer: string, report: Report) => string,
): string[] {
  if (value === undefined) return []
  if (Array.isArray(value) && value.length <= MAX_ENTRIES) {
    return [...new Set(value.map((entry: unknown, index) => item(entry, `${pointer}/${index}`, report)))]
  }
  report(pointer, `must be a list of at most ${MAX_ENTRIES} entries`)
  return []
}

function refuseUnknownKeys(value: Record<string, unknown>, known: string[], pointer: string, report: Report): void {
  for (const key of Object.keys(value)) {
    const escaped = key.replaceAll('~', '~0').replaceAll('/', '~1')
    if (!known.includes(key)) report(`${pointer}/${escaped}`, `unknown key; known are ${known.join(', ')}`)
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
