import { createHash } from 'node:crypto'
import type { RefusalExplanation } from '#libs/contracts'
import type { WebhookHeaders } from './standard-webhooks.js'
import { usualMistakes, type SignedMessage } from './usual-mistakes.js'

/** Of a `whsec_` secret: 4 characters are 3 of its 24 bytes or more. */
const SHOWN_PREFIX = 'whsec_'.length + 4
/** The tolerance of receivers (Standard Webhooks: five minutes either way). */
const TOLERANCE_MS = 300_000

/** Sends the same body under other headers; answers whether the receiver took it. */
export type Probe = (headers: WebhookHeaders) => Promise<boolean>

/**
 * Why a receiver refuses a message that was signed right. Signs the test message as receivers with the usual mistakes would, one after the
 * other, until one is taken. What is signed wrongly is a test message alone, and says nothing of the secret.
 *
 * @param receiverClock what the refusal said in its `Date`
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
