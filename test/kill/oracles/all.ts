import { approvalsKept } from './approvals-kept.js'
import { auditComplete } from './audit-complete.js'
import { canariesOver } from './canaries-over.js'
import { deliveriesEnd } from './deliveries-end.js'
import { effectsOnce } from './effects-once.js'
import { nothingLeft } from './nothing-left.js'
import type { Oracle } from './oracle.js'
import { orderAtConsumers, orderInTopics } from './order.js'
import { readersFollow } from './readers-follow.js'
import { receiptsOnce } from './receipts-once.js'
import { runsEndOnce } from './runs-end-once.js'
import { stateTopic } from './state-topic.js'
import { ticketsOnce } from './tickets-once.js'

/** The oracles I1 to I9 of the reliability catalogue. */
export const ORACLES: readonly Oracle[] = [
  runsEndOnce,
  effectsOnce,
  ticketsOnce,
  approvalsKept,
  orderInTopics,
  orderAtConsumers,
  auditComplete,
  stateTopic,
  canariesOver,
  deliveriesEnd,
  receiptsOnce,
  readersFollow,
  nothingLeft,
]
