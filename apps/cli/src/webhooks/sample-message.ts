import { randomUUID } from 'node:crypto'
import type { Message } from './forward.js'

export const SAMPLE_EVENTS = ['policy.updated', 'policy.withdrawn'] as const
export type SampleEvent = (typeof SAMPLE_EVENTS)[number]

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
