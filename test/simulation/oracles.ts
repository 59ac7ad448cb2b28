import { decisionsCountOnce, pausesAreAnswered } from './oracles.decisions.js'
import { approvalsKept, effectsOnce, partnersOnce, runsEndOnce } from './oracles.runs.js'
import { alertsWeighed, canariesTakenBack, headsOrdered, storesAgree } from './oracles.heads.js'
import { breakGlassIsReviewed } from './oracles.break-glass.js'
import { bundlesStayWhole } from './oracles.bundles.js'
import { headsAreSigned, quarantineHolds, retriesMeasureAnew, withdrawnStaysOut } from './oracles.going-back.js'
import { freezesHold, noFirstHeadInAFreeze } from './oracles.freezes.js'
import { cohortsOnlyGrow, noCanaryInABake, oneCanaryPerRegion } from './oracles.regions.js'
import { peopleAreAsked } from './oracles.tickets.js'
import { supersededLetGo, supersededNowhere } from './oracles.supersede.js'
import { rulesInTime, waitsForItsTime } from './oracles.effective.js'
import { canariesAreShown, canariesStayOver, noCanaryIsStoredLate } from './oracles.reigns.js'
import { auditComplete, atRest, handlersInOrder, unexplainedDeadLetters } from './oracles.messages.js'
import type { Evidence } from './evidence.js'

/** Looks at what outlived the processes; answers one sentence for each thing that is not as it must be. */
export type Oracle = (evidence: Evidence) => string[]

export const ORACLES: Readonly<Record<string, Oracle>> = {
  'I1 every accepted run ends once': runsEndOnce,
  'I2 each effect at most once': effectsOnce,
  'I2 heads are numbered once': headsOrdered,
  'I2 partners are notified once': partnersOnce,
  'I3 no acknowledged approval is lost': approvalsKept,
  'I4 each handler sees each key in order': handlersInOrder,
  'I5 audit has each event once': auditComplete,
  'I6 store, rollout, approver and log agree': storesAgree,
  'I7 no canary outlives its run': canariesTakenBack,
  'I8 nothing waits': atRest,
  'I11 exactly one decision wins': decisionsCountOnce,
  'I12 a paused run ends by a decision or its deadline': pausesAreAnswered,
  'I9 no dead letter without a cause': unexplainedDeadLetters,
  'I10 one bot vetoes nothing': alertsWeighed,
  'I13 no rule before its time, and each at it': rulesInTime,
  'I14 what waits for a freeze waits until its end': freezesHold,
  'I17 a run waits until the time of its rule': waitsForItsTime,
  'I15 a run has one ticket for each question': peopleAreAsked,
  'I19 what was withdrawn stays out': withdrawnStaysOut,
  'I20 no head shows what too few signed': headsAreSigned,
  'I21 a retry measures again': retriesMeasureAnew,
  'I22 break-glass has its review': breakGlassIsReviewed,
  'I23 a reverted version is reinstated only by a later decision': quarantineHolds,
  'I16 a superseded run names its successor and ends first': supersededLetGo,
  'I18 one canary per region at a time': oneCanaryPerRegion,
  'I24 a cohort only grows': cohortsOnlyGrow,
  'I25 no canary is shown first in a freeze': noFirstHeadInAFreeze,
  'I26 no canary begins where another bakes': noCanaryInABake,
  'I27 what was superseded is in force nowhere': supersededNowhere,
  'I28 a canary that has ended does not wake': canariesStayOver,
  'I29 a canary is passed over only where stable moved': canariesAreShown,
  'I30 no reader uses a part of a bundle': bundlesStayWhole,
  'I31 no canary is stored that stable has left': noCanaryIsStoredLate,
}

export interface Violation {
  oracle: string
  found: string[]
}

export function judge(evidence: Evidence): Violation[] {
  return Object.entries(ORACLES)
    .map(([oracle, look]) => ({ oracle, found: look(evidence) }))
    .filter(({ found }) => found.length > 0)
}
