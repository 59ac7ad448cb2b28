import { signWebhook } from '#libs/client'
import { readText } from '#libs/contracts'

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
