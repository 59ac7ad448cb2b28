import type { Trial } from '#libs/contracts'

/**
 * Outcome classes of a bot, worst first. A bot that several scenarios judge gets its worst class.
 * - CRASHED threw, or its module does not load · BUDGET exceeded its steps or memory
 * - INCOMPATIBLE cannot read the new document: it declares other major versions, or ran under the old document and fails under a new one
 * that lacks a field or has it as another type
 * - NONDETERMINISTIC returned two verdicts under the same policy and inputs
 * - WRONG contradicts the scenario on an input that the change does not affect
 * - STALE is right elsewhere, but returns the old verdict on discriminating inputs
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

/** Classes that do not block a release. */
export const GOOD_CLASSES: readonly BotClass[] = ['ADAPTED', 'RAN', 'NOT_APPLICABLE']

export type ReplayReason = 'BELOW_THRESHOLD' | 'CRITICAL_BOT' | 'BOT_CRASHED' | 'NO_DISCRIMINATING_INPUT' | 'NO_EVIDENCE' | 'INCOMPATIBLE'

export interface ReplayScore extends Pick<Trial, 'verdict'>, NonNullable<Trial['score']> {
  reason?: ReplayReason
  bots: Partial<Record<BotClass, string[]>>
  /** Summary that `runs show` prints in parentheses: `98.4% bots adapted, 63/64; 1 STALE: boston-insp-03; 131 discriminating inputs`. */
  summary: string
}
