import { numberText, unjudgedText, type ScenarioConsequence, type TrialStatement } from '#libs/contracts'

/** Effect of a change on the recorded readings of one scenario, as a sentence. `large`: a signer should look twice. */
export type Consequence = { scenario: string; sentence: string; large: boolean }

export function consequenceOf({ policies, scenarios }: TrialStatement): Consequence[] {
  const isFirst = policies.every(({ live }) => live === null)
  return scenarios.map((each) => ({ scenario: each.scenario, sentence: sentenceOf(each, isFirst), large: isLarge(each, isFirst) }))
}

/**
 * Whether the change turns more than a tenth of all readings or leaves them without a verdict, or makes five times as many violations as
 * were in force, or a fifth.
 */
function isLarge({ readings, before, after, newlyViolating, newlyCompliant, lost = 0 }: ScenarioConsequence, isFirst: boolean): boolean {
  const [fewer, more] = [Math.min(before, after), Math.max(before, after)]
  return 10 * (newlyViolating + newlyCompliant + lost) > readings + lost || (!isFirst && more > 0 && more >= 5 * fewer)
}

function sentenceOf(scenario: ScenarioConsequence, isFirst: boolean): string {
  return countsText(scenario, isFirst) + unjudgedText(scenario)
}

function countsText(scenario: ScenarioConsequence, isFirst: boolean): string {
  const { readings, before, after, newlyViolating: more, newlyCompliant: fewer } = scenario
  const where = `of ${scenario.corpus}${periodOf(scenario)}`
  const change = `${numberText(before)} → ${numberText(after)} (${percentText(more + fewer, readings)} of ${numberText(readings)})`
  if (readings === 0) return `No reading ${where} could be judged`
  if (isFirst)
    return `${readingsText(after)} ${where} would have been violations (${percentText(after, readings)} of ${numberText(readings)})`
  if (more === 0 && fewer === 0)
    return `No reading ${where} would have changed: ${numberText(before)} violations before and after (of ${numberText(readings)})`
  if (more > 0 && fewer > 0)
    return `${readingsText(more)} ${where} would newly have been violations, ${numberText(fewer)} no longer: ${change}`
  return `${readingsText(more + fewer, more > 0 ? 'more ' : 'fewer ')} ${where} would have been violations: ${change}`
}

function readingsText(count: number, kind = ''): string {
  return `${numberText(count)} ${kind}reading${count === 1 ? '' : 's'}`
}

function periodOf({ from, to }: ScenarioConsequence): string {
  const day = (at: string): string => (/^\d{4}-\d\d-\d\dT/.test(at) ? at.slice(0, 10) : at)
  return from === '' || to === '' ? '' : ` (${day(from)} to ${day(to)})`
}

function percentText(part: number, whole: number): string {
  const percent = (100 * part) / whole
  return part > 0 && percent < 0.05 ? '< 0.1 %' : `${percent.toFixed(1)} %`
}
