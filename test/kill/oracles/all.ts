import { approvalsKept } from './approvals-kept.js'
import { auditComplete } from './audit-complete.js'
import { canariesOver } from './canaries-over.js'
import { effectsOnce } from './effects-once.js'
import { nothingLeft } from './nothing-left.js'
import type { Oracle } from './oracle.js'
import { orderAtConsumers, orderInTopics } from './order.js'
import { runsEndOnce } from './runs-end-once.js'
import { stateTopic } from './state-topic.js'

/** The oracles I1 to I8 of the reliability catalogue. */
export const ORACLES: readonly Oracle[] = [
  runsEndOnce,
  effectsOnce,
  approvalsKept,
  orderInTopics,
  orderAtConsumers,
  auditComplete,
  stateTopic,
  canariesOver,
  nothingLeft,
]
