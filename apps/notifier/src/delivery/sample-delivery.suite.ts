import { laneOf, type Delivery } from './delivery.table.js'

/** Creates a waiting delivery for specs; `changes` names what matters to the case. */
export function sampleDelivery(changes: Partial<Delivery> = {}): Delivery {
  const [partner, policy, channel] = ['va-deq', 'epa-pm25-limit', 'webhook']
  return {
    id: 'run-184-1.epa-pm25-limit.va-deq.webhook',
    message: 'run-184-1.epa-pm25-limit',
    messageId: 'run_184_epa-pm25-limit_va-deq',
    partner,
    channel,
    policy,
    version: '2.0.0',
    digest: 'sha256:00',
    run: 184,
    stage: '184.1',
    lane: laneOf(partner, policy, channel),
    laneSeq: 1,
    supersedes: ['epa-pm25-limit@1.5.0'],
    body: '{}',
    state: 'pending',
    sending: false,
    tries: 0,
    firstAt: null,
    nextAttemptAt: '2026-01-01T00:00:00.000Z',
    log: [],
    createdAt: '2026-01-01T00:00:00.000Z',
    deliveredAt: null,
    ...changes,
  }
}
