import { createHash } from 'node:crypto'
import type { RefusalExplanation } from '#libs/contracts'
import type { WebhookHeaders } from './standard-webhooks.js'
import { usualMistakes, type SignedMessage } from './usual-mistakes.js'

/** Shown length of a `whsec_` secret: 4 characters are 3 of its 24 bytes or more. */
const SHOWN_PREFIX = 'whsec_'.length + 4
/** The tolerance of receivers (Standard Webhooks: five minutes either way). */
const TOLERANCE_MS = 300_000

/** Sends the same body under other headers; resolves to whether the receiver accepted it. */
export type Probe = (headers: WebhookHeaders) => Promise<boolean>

/**
 * Explains why a receiver refuses a correctly signed message. Signs the test message with each usual mistake of receivers in turn, until
 * one is accepted. Only a test message is signed wrongly, and its signature reveals nothing of the secret.
 *
 * @param receiverClock `Date` header of the refusal
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
  if (Math.abs(offMs) > TOLERANCE_MS) {
    return explain('time', `the clock of the receiver is ${Math.round(Math.abs(offMs) / 1000)} s ${offMs > 0 ? 'ahead' : 'behind'}`)
  }
  for (const { suspect, detail, headers } of usualMistakes(message, secret)) if (await probe(headers)) return explain(suspect, detail)
  return explain(null, 'no usual mistake fits: compare the beginning of the secret, and the SHA-256 of the body as it comes, with yours')
}
