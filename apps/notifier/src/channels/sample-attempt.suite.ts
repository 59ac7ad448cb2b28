import type { Channel } from '../partners/channel.js'
import type { Attempt } from './channel-sender.js'

/** Creates an attempt of a sample message on a channel, for the specs of senders. */
export function sampleAttempt<C extends Channel>(channel: C, more: Partial<Attempt<C>> = {}): Attempt<C> {
  return {
    partner: { id: 'va-deq', name: 'Virginia Department of Environmental Quality' },
    channel,
    networks: [],
    id: 'msg_1',
    body: Buffer.from('{"type":"policy.updated"}'),
    content: {
      type: 'policy.updated',
      policy: 'epa-pm25-limit',
      version: '2.0.0',
      digest: `sha256:${'0'.repeat(64)}`,
      effective: '2026-01-01T00:00:00Z',
      supersedes: ['epa-pm25-limit@1.5.0'],
      bundle: ['epa-pm25-limit@2.0.0'],
      at: '2026-01-01T00:00:00.000Z',
      release: null,
      replaced: null,
    },
    timestamp: new Date(),
    triesBefore: 0,
    ...more,
  }
}
