import { randomBytes, randomUUID } from 'node:crypto'
import { signWebhook } from '#libs/client'
import { EXIT, HmsError, POLICY_INTENTS, readText, replyAcknowledges, type PolicyEventType } from '#libs/contracts'
import type { CliEnvironment } from '../cli.config.js'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'

const DEADLINE_MS = 15_000
const MAX_REPLY_BYTES = 64 * 1024

export interface Message {
  id: string
  body: string
}

/** `detail`: the status, or the connection error. */
export interface Forwarded {
  ok: boolean
  detail: string
  acknowledged: boolean
}

/** Posts a message as the service does: the same headers and bytes, a fresh timestamp, no redirect followed. Never rejects. */
export async function forward(url: string, secret: string, { id, body }: Message, now: Date): Promise<Forwarded> {
  const signed = signWebhook(secret, { id, timestamp: now, body })
  const headers = { 'content-type': 'application/json', 'user-agent': 'hms-svc', ...signed }
  try {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
    const reply = await readText(response.body, MAX_REPLY_BYTES).catch(() => '')
    return { ok: response.ok, detail: String(response.status), acknowledged: response.ok && replyAcknowledges(reply, id) }
  } catch (error) {
    const { cause, message } = error as { cause?: { code?: string }; message: string }
    return { ok: false, detail: cause?.code ?? message, acknowledged: false }
  }
}

export function checkForward(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url.href
  throw usageError(`--forward ${text} is no http or https address, such as http://127.0.0.1:3000/hooks/hms`)
}

export function mintSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}

/** Returns `--secret`, else HMS_WEBHOOK_SECRET. */
export function secretOf(flag: string | undefined, environment: CliEnvironment): string | undefined {
  const secret = flag ?? environment.lookup('HMS_WEBHOOK_SECRET')
  if (secret === undefined) return undefined
  const encoded = /^whsec_(.+)$/.exec(secret)?.[1] ?? ''
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') === encoded && bytes.length >= 24 && bytes.length <= 64) return secret
  throw usageError('The secret is not whsec_ followed by the base64 of 24 to 64 bytes', ['hms-svc help environment'])
}

/** Posts one sample to a receiver, signed like a real message. Calls no service and involves no partner. */
export async function triggerWebhook(context: CliContext, name: string, options: { forward: string; secret?: string }): Promise<number> {
  const { io, output } = context
  const event = SAMPLE_EVENTS.find((each) => each === name)
  if (event === undefined) throw usageError(`There is no event ${name}; there are ${SAMPLE_EVENTS.join(', ')}`)
  const url = checkForward(options.forward)
  const given = secretOf(options.secret, io.environment)
  const secret = given ?? mintSecret()
  const now = new Date(io.now())
  const message = sampleMessage(event, now)
  const { ok, detail, acknowledged } = await forward(url, secret, message, now)
  output.data({ message: message.id, event, ok, answer: detail, acknowledged }, () => [
    `${message.id}  ${event} → ${detail}${acknowledged ? ', acknowledged' : ''}`,
  ])
  if (given === undefined) output.note(`It is signed with ${secret}; name the receiver's own with --secret or HMS_WEBHOOK_SECRET.`)
  if (ok) return EXIT.done
  const reason = `The receiver did not take it: ${detail}. The service retries, except after 2xx, and 410, which ends the delivery.`
  throw new HmsError('HMS_WEBHOOK_REFUSED', reason, { status: /^\d/.test(detail) ? 409 : 503 })
}

export const SAMPLE_EVENTS = Object.keys(POLICY_INTENTS) as PolicyEventType[]

const ID = 'epa-pm25-limit'

/** Path of a receipt that no installation knows. */
const RECEIPT = `/v1/receipts/${'sample'.padEnd(43, '-')}`

/** Builds a sample message in the format of a real one, about a policy that does not exist; its id begins with `sample_`. */
export function sampleMessage(event: PolicyEventType, now: Date): Message {
  const isBack = event === 'policy.rolled-back'
  const [version, before] = isBack ? ['1.5.0', '2.0.0'] : ['2.0.0', '1.5.0']
  const inForce = {
    effective: '2024-09-01T00:00:00Z',
    supersedes: [`${ID}@${before}`],
    bundle: [`${ID}@${version}`],
    values: { limit: isBack ? 35 : 25 },
    ...(isBack ? { rolledBack: before, current: `${ID}@${version}`, reason: 'a sample of a rollback' } : {}),
    link: event === 'policy.announced' ? '/runs/1' : `/policies/${ID}`,
  }
  const content = event === 'policy.withdrawn' ? { supersedes: inForce.supersedes } : inForce
  const data = { intent: POLICY_INTENTS[event], id: ID, version, digest: `sha256:${'0'.repeat(64)}`, ...content, receipt: RECEIPT }
  return { id: `sample_${randomUUID()}`, body: JSON.stringify({ type: event, timestamp: now.toISOString(), data }) }
}
