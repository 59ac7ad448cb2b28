import { groupBy, type GroupImpact, type ScenarioImpact, type TouchedField, type TurnedReadings } from '#libs/contracts'
import type { Reading } from './reading.js'
import type { ScenarioInputs } from './scenario-inputs.js'

const MAX_IDS = 500
const MAX_IDS_CHARS = 32 * 1024
const MAX_GROUPS = 50
const MAX_MONTHS = 120
/** Limit of touched fields, more than a person reads; a bundle of 200 policies may touch thousands. */
const MAX_FIELDS = 500
const MAX_VALUE_CHARS = 200

/** Recorded reading with the scenario's verdicts before and after the change. */
export interface Judged {
  reading: Reading
  before: boolean
  after: boolean
}

/** Counts a scenario's recorded inputs whose verdict changes, in total and by group; boundary inputs are synthetic. */
export function scenarioImpact(scenarioInputs: ScenarioInputs): ScenarioImpact {
  const { scenario, policies, lost, unjudged } = scenarioInputs
  const judged = judgedReadings(scenarioInputs)
  const { name: _all, newlyViolating: _violating, newlyCompliant: _compliant, ...load } = groupImpact('', judged)
  const turned = (alerts: boolean): TurnedReadings =>
    turnedReadings(judged.filter((each) => each.before !== each.after && each.after === alerts).map(({ reading }) => reading.id))
  const times = judged.map(({ reading }) => reading.at).filter((at) => at !== '')
  return {
    scenario,
    policies,
    ...load,
    from: times[0] ?? '',
    to: times.at(-1) ?? '',
    newlyViolating: turned(true),
    newlyCompliant: turned(false),
    regions: byName(judged, ({ region }) => region).slice(0, MAX_GROUPS),
    sites: mostTurned(byName(judged, siteOf)),
    months: months(judged),
    lost,
    unjudged,
  }
}

export function judgedReadings({ inputs, boundary, before, after }: ScenarioInputs): Judged[] {
  return inputs.slice(0, inputs.length - boundary).map((reading, index) => {
    return { reading, before: before?.verdicts[index] ?? false, after: after.verdicts[index] ?? false }
  })
}

/** Merges the touched fields of all scenarios: adds up the inputs made for each field, and lists the scenarios that read it. */
export function touchedFieldsOf(scenarios: readonly ScenarioInputs[]): TouchedField[] {
  const fields = groupBy(
    scenarios.flatMap((each) => each.fields),
    ({ policy, field }) => JSON.stringify([policy, field]),
  )
  return [...fields]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, MAX_FIELDS)
    .map(([, same]) => ({
      ...shortened(same[0]!),
      inputs: same.reduce((sum, { inputs }) => sum + inputs, 0),
      scenarios: same.flatMap((each) => each.scenarios).sort(),
    }))
}

/** Omits values that are too long to read; the difference from the live version shows them in full. */
function shortened({ from, to, ...field }: TouchedField): TouchedField {
  const short = (value: TouchedField['from']): boolean => value !== undefined && JSON.stringify(value).length <= MAX_VALUE_CHARS
  return { ...field, ...(short(from) ? { from } : {}), ...(short(to) ? { to } : {}) }
}

function byName(judged: readonly Judged[], nameOf: (reading: Reading) => string): GroupImpact[] {
  return [...groupBy(judged, ({ reading }) => nameOf(reading))]
    .map(([name, group]) => groupImpact(name, group))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

export function groupImpact(name: string, judged: readonly Judged[]): GroupImpact {
  const group = { name, readings: judged.length, before: 0, after: 0, newlyViolating: 0, newlyCompliant: 0 }
  for (const { before, after } of judged) {
    if (before) group.before += 1
    if (after) group.after += 1
    if (after && !before) group.newlyViolating += 1
    if (before && !after) group.newlyCompliant += 1
  }
  return group
}

/** Returns the site as text: site identifiers are numbers in many corpora. */
export function siteOf({ site }: Reading): string {
  return typeof site === 'string' || typeof site === 'number' ? String(site) : ''
}

function mostTurned(sites: GroupImpact[]): GroupImpact[] {
  const turned = ({ newlyViolating, newlyCompliant }: GroupImpact): number => newlyViolating + newlyCompliant
  return sites
    .filter(({ name }) => name !== '')
    .sort((a, b) => turned(b) - turned(a))
    .slice(0, MAX_GROUPS)
}

function months(judged: readonly Judged[]): GroupImpact[] {
  const found = byName(judged, ({ at }) => /^\d{4}-\d{2}(?=-|$)/.exec(at)?.[0] ?? '')
  return found.some(({ name }) => name === '') || found.length > MAX_MONTHS ? [] : found
}

function turnedReadings(all: readonly string[]): TurnedReadings {
  let chars = 0
  const ids = all.slice(0, MAX_IDS).filter((id) => (chars += id.length) <= MAX_IDS_CHARS)
  return { count: all.length, ids }
}
