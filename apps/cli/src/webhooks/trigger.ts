import { randomUUID } from 'node:crypto'
import { EXIT, HmsError } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'
import { mintSecret } from './feed-position.js'
import { checkForward, forward, secretOf, type Message } from './forward.js'

export interface TriggerOptions {
  forward: string
  secret?: string
}

/** Posts one sample to a receiver, signed like a real message. No service and no partner is involved. */
export async function triggerWebhook(context: CliContext, name: string, options: TriggerOptions): Promise<number> {
  const { io, output } = context
  const event = SAMPLE_EVENTS.find((each) => each === name)
  if (event === undefined) throw usageError(`There is no event ${name}; there are ${SAMPLE_EVENTS.join(' and ')}`)
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
  const reason = `The receiver did not take it: ${detail}. The service tries again after all but 2xx and 410, which ends the channel.`
  throw new HmsError('HMS_WEBHOOK_REFUSED', reason, { status: /^\d/.test(detail) ? 409 : 503 })
}

export const SAMPLE_EVENTS = ['policy.updated', 'policy.withdrawn'] as const

type SampleEvent = (typeof SAMPLE_EVENTS)[number]

const POLICY = { id: 'epa-pm25-limit', version: '2.0.0', digest: `sha256:${'0'.repeat(64)}`, supersedes: ['epa-pm25-limit@1.5.0'] }

/** Unknown to every installation. */
const RECEIPT = `/v1/receipts/${'sample'.padEnd(43, '-')}`

/** Builds a sample message in the format of a real one, about a policy that does not exist; its id begins with `sample_`. */
export function sampleMessage(event: SampleEvent, now: Date): Message {
  const { id, version, digest, supersedes } = POLICY
  const data =
    event === 'policy.withdrawn'
      ? { intent: 'policy-withdrawal', id, version, digest, supersedes, receipt: RECEIPT }
      : {
          intent: 'policy-update',
          id,
          version,
          digest,
          effective: '2024-09-01T00:00:00Z',
          supersedes,
          bundle: [`${id}@${version}`],
          receipt: RECEIPT,
        }
  return { id: `sample_${randomUUID()}`, body: JSON.stringify({ type: event, timestamp: now.toISOString(), data }) }
}
