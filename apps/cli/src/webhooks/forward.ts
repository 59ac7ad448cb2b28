import { signWebhook } from '#libs/client'
import { readText } from '#libs/contracts'
import type { CliEnvironment } from '../cli.config.js'
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
    return { ok: response.ok, detail: String(response.status), acknowledged: response.ok && acknowledges(reply, id) }
  } catch (error) {
    const { cause, message } = error as { cause?: { code?: string }; message: string }
    return { ok: false, detail: cause?.code ?? message, acknowledged: false }
  }
}

/** Whether the response acknowledges the message, by the rules of the service. */
function acknowledges(reply: string, id: string): boolean {
  try {
    const answer = JSON.parse(reply) as { acknowledged?: unknown } | null
    return answer?.acknowledged === true || answer?.acknowledged === id
  } catch {
    return false
  }
}

export function checkForward(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url.href
  throw usageError(`--forward ${text} is no http or https address, such as http://127.0.0.1:3000/hooks/hms`)
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
