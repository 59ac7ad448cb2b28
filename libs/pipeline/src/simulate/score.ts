/**
 * Worst first; a bot that several scenarios judge has the worst of its outcomes.
 * - CRASHED threw, or its module does not load · BUDGET used up steps or memory
 * - INCOMPATIBLE cannot read the new document: it declares other major versions, or ran under the old document and fails under a new one
 *   that lacks a field or has it as another type
 * - NONDETERMINISTIC gave two answers under the same policy and inputs
 * - WRONG contradicts the scenario on an input the change does not touch
 * - STALE is right elsewhere, and still answers the old verdict on discriminating inputs
 * - ADAPTED right on every input · RAN first version: did not crash, nothing to compare
 * - NOT_APPLICABLE neither declares nor reads the changed policies
 */
export const BOT_CLASSES = [
  'CRASHED',
  'BUDGET',
  'INCOMPATIBLE',
  'NONDETERMINISTIC',
  'WRONG',
  'STALE',
  'ADAPTED',
  'RAN',
  'NOT_APPLICABLE',
] as const
export type BotClass = (typeof BOT_CLASSES)[number]

/** A bot of these classes does not keep a release from going on. */
export const GOOD_CLASSES: readonly BotClass[] = ['ADAPTED', 'RAN', 'NOT_APPLICABLE']

export type ReplayReason = 'BELOW_THRESHOLD' | 'CRITICAL_BOT' | 'BOT_CRASHED' | 'NO_DISCRIMINATING_INPUT' | 'NO_EVIDENCE' | 'INCOMPATIBLE'

export interface ReplayScore {
  verdict: 'PASS' | 'FAIL' | 'INCONCLUSIVE'
  reason?: ReplayReason
  adapted: number
  applicable: number
  /** `adapted / applicable` in per cent, truncated to one decimal: 1999 of 2000 is `99.9`, never `100.0`. */
  percent: string
  /** Recorded inputs whose verdict the change turns; `boundary` are synthesised ones. */
  discriminating: number
  boundary: number
  firstVersion: boolean
  /** Ids of the bots of each class, sorted; classes without a bot are left out. */
  bots: Partial<Record<BotClass, string[]>>
  /** For the parentheses of the run's line: `98.4% bots adapted, 63/64; 1 STALE: boston-insp-03; 131 discriminating inputs`. */
  summary: string
}
