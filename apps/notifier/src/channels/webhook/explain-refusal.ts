import { createHash, createHmac } from 'node:crypto'
import type { RefusalExplanation, Suspect } from '#libs/contracts'
import type { Attempt } from '../channel-sender.js'
import type { WebhookHeaders } from './standard-webhooks.js'

/** Number of characters shown of a `whsec_` secret. The 4 characters after the prefix are 3 of its 24 or more bytes. */
const SHOWN_PREFIX = 'whsec_'.length + 4
/** Clock tolerance of receivers in ms (Standard Webhooks: five minutes either way). */
const TOLERANCE_MS = 300_000

/** Sends the same body under other headers; resolves to whether the receiver accepted it. */
export type Probe = (headers: WebhookHeaders) => Promise<boolean>

/**
 * Explains why a receiver refuses a correctly signed message: signs the test message with each common mistake until the receiver accepts
 * it. Only a test message is signed wrongly, which reveals nothing about the secret. `receiverClock`: `Date` header of the refusal.
 */
export async function explainRefusal(
  message: SignedMessage,
  secret: string,
  receiverClock: Date | undefined,
  probe: Probe,
): Promise<RefusalExplanation> {
  const seconds = String(Math.floor(message.timestamp.getTime() / 1000))
  const explain = (suspect: RefusalExplanation['suspect'], detail: string): RefusalExplanation => ({
    suspect,
    detail,
    secretPrefix: `${secret.slice(0, SHOWN_PREFIX)}…`,
    signed: {
      id: message.id,
      timestamp: seconds,
      bodySha256: createHash('sha256').update(message.body).digest('hex'),
      bytes: message.body.length,
    },
  })
  const offMs = receiverClock === undefined ? 0 : receiverClock.getTime() - message.timestamp.getTime()
  if (Math.abs(offMs) > TOLERANCE_MS)
    return explain('time', `the clock of the receiver is ${Math.round(Math.abs(offMs) / 1000)} s ${offMs > 0 ? 'ahead' : 'behind'}`)
  for (const { suspect, detail, headers } of usualMistakes(message, secret)) if (await probe(headers)) return explain(suspect, detail)
  return explain(null, 'no usual mistake fits: compare the beginning of the secret, and the SHA-256 of the body as it comes, with yours')
}

type SignedMessage = Pick<Attempt, 'id' | 'timestamp' | 'body'>

/** Mistake of receivers, with headers signed as such a receiver computes the signature. A receiver that accepts them makes the mistake. */
export interface Mistake {
  suspect: Suspect
  detail: string
  headers: WebhookHeaders
}

/** Lists the mistakes in the order of the attempts, the most common first. */
export function usualMistakes({ id, timestamp, body }: SignedMessage, secret: string): Mistake[] {
  const seconds = String(Math.floor(timestamp.getTime() / 1000))
  const encoded = secret.slice('whsec_'.length)
  const key = Buffer.from(encoded, 'base64')
  const make = (suspect: Suspect, detail: string, signed: string, by: Buffer = key, time = seconds): Mistake => {
    const signature = `v1,${createHmac('sha256', by).update(signed).digest('base64')}`
    return { suspect, detail, headers: { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } }
  }
  const text = body.toString()
  const right = `${id}.${seconds}.${text}`
  const milliseconds = String(timestamp.getTime())
  return [
    make(
      'secret',
      'the key is the whole text of the secret there; take what is behind whsec_ and decode its base64',
      right,
      Buffer.from(secret),
    ),
    make('secret', 'the base64 behind whsec_ is not decoded there; the key is the bytes that it stands for', right, Buffer.from(encoded)),
    make('body', 'an empty body is checked there: something read the request before; keep the bytes as they came', `${id}.${seconds}.`),
    make(
      'body',
      'the body is parsed and printed again there before it is checked; keep the bytes as they came',
      `${id}.${seconds}.${reprinted(text)}`,
    ),
    make('id', 'webhook-id is left out of what is signed there; it is ID.TIMESTAMP.BODY', `${seconds}.${text}`),
    make('time', 'webhook-timestamp is left out of what is signed there; it is ID.TIMESTAMP.BODY', `${id}.${text}`),
    make(
      'time',
      'webhook-timestamp is read as milliseconds there; it is whole seconds',
      `${id}.${milliseconds}.${text}`,
      key,
      milliseconds,
    ),
    make('body', 'only the body is signed there; it is ID.TIMESTAMP.BODY', text),
  ]
}

/** Serializes JSON with a space after each comma and colon, as most languages do; our bodies have none. */
function reprinted(text: string): string {
  const lines = JSON.stringify(JSON.parse(text), null, 1)
  return lines.replaceAll(/,\n */g, ', ').replaceAll(/\n */g, '')
}
