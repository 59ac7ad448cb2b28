import { setImmediate as nextTurn } from 'node:timers/promises'
import { describeError } from '#libs/platform'
import type { PolicyDocument } from '#libs/policy'
import { MAX_STEPS, type Verdict } from '#libs/scenario'
import type { Reading } from '../replay/reading.js'

/**
 * Readings judged per turn of the event loop. One takes 3 to 20 µs: a corpus of 200,000 in one turn would block the process for seconds.
 */
const JUDGED_PER_TURN = 1_000
/** Steps per turn, so a costly expression yields after fewer readings: a step takes less than 1 µs. */
const STEPS_PER_TURN = 20_000

/** Verdicts of an expression on readings, under the policies before or after. */
export class Answers extends Map<Reading, boolean> {
  /** Error of the first reading without a verdict. */
  refusal: string | undefined

  of(reading: Reading): boolean {
    const verdict = this.get(reading)
    if (verdict === undefined) throw new RangeError(`no answer for ${reading.id}`)
    return verdict
  }

  add(more: Answers): void {
    for (const [reading, verdict] of more) this.set(reading, verdict)
  }
}

/** Judges the readings. A reading that lacks a fact the expression needs, or takes too many steps, has no verdict and is left out. */
export async function judgeReadings(
  readings: readonly Reading[],
  verdict: Verdict,
  policies: Record<string, PolicyDocument>,
  signal?: AbortSignal,
): Promise<Answers> {
  const answers = new Answers()
  let turn = { readings: 0, steps: 0 }
  for (const reading of readings) {
    if (turn.readings === JUDGED_PER_TURN || turn.steps > STEPS_PER_TURN) {
      await nextTurn()
      signal?.throwIfAborted()
      turn = { readings: 0, steps: 0 }
    }
    const budget = { steps: MAX_STEPS }
    try {
      answers.set(reading, verdict(reading, policies, budget))
    } catch (error) {
      answers.refusal ??= describeError(error)
    }
    turn.readings++
    turn.steps += MAX_STEPS - budget.steps
  }
  return answers
}
