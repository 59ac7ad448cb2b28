import { isObject, listed, type Json, type JsonObject, type PolicyHistoryEntry, type RunView } from '#libs/contracts'
import { POLICY_KNOWN_KEYS } from '#libs/policy'
import type { JSX } from 'preact'
import { momentText, valueText } from '../layout/parts.js'
import { ruleOf, unitText } from './policy-table.js'

export interface LifeProps {
  id: string
  /** Newest first. */
  entries: readonly PolicyHistoryEntry[]
  /** Runs of the policy, for their canaries. */
  runs: readonly RunView[]
  /** Policy in force: it gives the value of a field that no entry changed. */
  current: JsonObject | undefined
  now: Date
}

/** Limits of charts, and of names of fields without one. */
const [MAX_FIELDS, MAX_NAMES] = [12, 20]
const WIDTH = 640
const [TOP, BOTTOM] = [30, 84]
/** Least widths of a period, before and after now: a step must be visible, and large enough for a finger. */
const [LEAST, LEAST_LATER] = [36, 104]
/** The picture changes at most once a minute, so that it is not replaced under the reader. */
const TICK_MS = 60_000

/** Part of a period, before or after now. */
interface Span {
  entry: PolicyHistoryEntry
  fromMs: number
  untilMs: number
  isLater: boolean
  x: number
  width: number
}

/** Values of one field; without `field`, only versions. */
interface Track {
  field?: string
  unit: string
  values: ReadonlyMap<PolicyHistoryEntry, Json | undefined>
}

/** Step lines of the numeric fields, at most `MAX_FIELDS`, and a band of versions for other fields. A step links to `?at=`. */
export function LifeChart({ id, entries, runs, current, now }: LifeProps): JSX.Element {
  const oldestFirst = entries.toReversed()
  const spans = spansOf(oldestFirst, now.getTime())
  const canaries = runs.flatMap(({ run, state, policies, stages, endedAt }) => {
    const version = policies.find((policy) => policy.id === id)?.version
    const { startedAt: from = null, endedAt: until = null } = stages.find(({ stage }) => stage === 'canary') ?? {}
    const isDrawn = version !== undefined && from !== null && from >= entries.at(-1)!.from
    return isDrawn ? [{ run, state, version, from, until: until ?? endedAt }] : []
  })
  const { tracks, others } = tracksOf(oldestFirst, current)
  const notes = [
    others.length === 0 ? '' : `Without a line: ${listed(others, MAX_NAMES)}.`,
    'Each step links to what bots obeyed then. Short periods are drawn wider than to scale.',
    entries.some(isRollback) ? 'Red, ↩: rolled back or withdrawn.' : '',
    spans.some(({ isLater }) => isLater) ? 'Dotted: held for later.' : '',
    canaries.length > 0 ? 'Faint: canaries.' : '',
  ]
  return (
    <>
      {tracks.map((track) => (
        <Plot key={track.field} track={track} spans={spans} canaries={canaries} now={now} />
      ))}
      <p class="quiet">{notes.filter(Boolean).join(' ')}</p>
    </>
  )
}

/** Spans from left to right at their least widths; past ones share the rest by duration. */
function spansOf(entries: readonly PolicyHistoryEntry[], nowMs: number): Span[] {
  const parts = entries.flatMap((entry) => {
    const [fromMs, endMs] = [Date.parse(entry.from), entry.until === null ? Infinity : Date.parse(entry.until)]
    const later = { entry, fromMs: Math.max(fromMs, nowMs), untilMs: endMs, isLater: true, length: 0, least: LEAST_LATER }
    if (fromMs > nowMs) return [later]
    const untilMs = Math.min(endMs, tickAfter(nowMs))
    const past = { entry, fromMs, untilMs, isLater: false, length: untilMs - fromMs, least: LEAST }
    return endMs > nowMs && entry.until !== null ? [past, later] : [past]
  })
  const sum = (name: 'length' | 'least'): number => parts.reduce((total, part) => total + part[name], 0)
  const scale = Math.max(0, WIDTH - sum('least')) / Math.max(1, sum('length'))
  const stretch = sum('length') > 0 ? 1 : Math.max(1, WIDTH / sum('least')) // only held periods
  let end = 0
  return parts.map(({ length, least, ...part }) => {
    const [x, width] = [end, Math.round(least * stretch + length * scale)]
    end += width
    return { ...part, x, width }
  })
}

function tickAfter(ms: number): number {
  return Math.ceil(ms / TICK_MS) * TICK_MS
}

/** Tracks to draw, those of changed fields first, and the names of fields without a line of their own. */
function tracksOf(entries: readonly PolicyHistoryEntry[], current: JsonObject = {}): { tracks: Track[]; others: string[] } {
  const rule = leavesOf(Object.fromEntries(ruleOf(current)), current['units'])
  const changes = entries.map(({ differences }) => {
    const leaves = (end: 'from' | 'to') => leavesOf(Object.fromEntries(differences.map((change) => [change.field, change[end]])))
    return { from: leaves('from'), to: leaves('to') }
  })
  const unitsOf = new Map(entries.flatMap(({ differences }) => differences.map(({ field, units }) => [field, units])))
  const known: readonly string[] = POLICY_KNOWN_KEYS
  const names = [rule, ...changes.flatMap(({ from, to }) => [from, to])].flatMap((leaves) => [...leaves.keys()])
  const fields = [...new Set(names)].filter((name) => !known.includes(name.split('.')[0]!))
  const numeric = fields.flatMap((field): Track[] => {
    const units = unitsOf.get(field) ?? rule.get(field)?.units
    const values = valuesOf(entries, changes, field, rule.get(field)?.value)
    const isNumeric = [...values.values()].some((value) => typeof value === 'number')
    return isNumeric ? [{ field, unit: unitText({ units: units ?? null }), values }] : []
  })
  const tracks = numeric.toSorted((a, b) => Number(isFlat(a)) - Number(isFlat(b))).slice(0, MAX_FIELDS)
  const others = fields.filter((name) => !tracks.some(({ field }) => field === name))
  return { tracks: others.length === 0 && tracks.length > 0 ? tracks : [...tracks, { unit: '', values: new Map() }], others }
}

type Leaf = { value: Json; units: Json | undefined }

/** Returns the fields inside a map by their full names, `thresholds.air.alarm`, with the unit of the nearest map. A list is one field. */
function leavesOf(map: JsonObject, units?: Json, prefix = ''): Map<string, Leaf> {
  const leaves = Object.entries(map).flatMap(([key, value]): [string, Leaf][] => {
    if (value === undefined || (key === 'units' && prefix !== '')) return []
    return isObject(value) ? [...leavesOf(value, value['units'] ?? units, `${prefix}${key}.`)] : [[prefix + key, { value, units }]]
  })
  return new Map(leaves)
}

/** Whether a field has had one value in all versions. */
function isFlat({ values }: Track): boolean {
  const versions = [...values].filter(([entry]) => entry.version !== null)
  return versions.every(([, value]) => value === versions[0]![1])
}

type Changes = readonly Record<'from' | 'to', ReturnType<typeof leavesOf>>[]

/** Value of a field in each entry; `undefined` where it has none. */
function valuesOf(entries: readonly PolicyHistoryEntry[], changes: Changes, field: string, current?: Json): Track['values'] {
  const isChanged = ({ from, to }: Changes[number]): boolean => from.has(field) || to.has(field)
  const first = changes.find(isChanged)
  let value = first === undefined ? current : first.from.get(field)?.value
  return new Map(
    entries.map((entry, index) => {
      const change = changes[index]!
      value = isChanged(change) ? change.to.get(field)?.value : value
      return [entry, entry.version === null ? undefined : value]
    }),
  )
}

interface PlotProps {
  track: Track
  spans: readonly Span[]
  canaries: readonly { run: number; state: string; version: string; from: string; until: string | null }[]
  now: Date
}

function Plot({ track: { field, unit, values }, spans, canaries, now }: PlotProps): JSX.Element {
  const name = field === undefined ? 'Versions' : `${field}${unit === '' ? '' : `, ${unit}`}`
  const isThin = field !== undefined && isFlat({ unit, values })
  const height = field === undefined ? TOP + 44 : isThin ? TOP + 12 : BOTTOM + 28
  const numbers = [...values.values()].filter((value) => typeof value === 'number')
  const [min, range] = [Math.min(...numbers), Math.max(...numbers) - Math.min(...numbers)]
  const levelOf = (entry: PolicyHistoryEntry): number | undefined => {
    const value = values.get(entry)
    if (field === undefined) return entry.version === null ? undefined : TOP + 4
    if (typeof value !== 'number') return undefined
    return isThin ? TOP - 6 : Math.round(BOTTOM - (range === 0 ? 0.5 : (value - min) / range) * (BOTTOM - TOP))
  }
  const width = spans.at(-1)!.x + spans.at(-1)!.width
  const placeOf = (ms: number): number => {
    const { fromMs, untilMs, ...span } = spans.findLast((each) => each.fromMs <= ms)!
    return Math.round(span.x + span.width * Math.min(1, (ms - fromMs) / Math.max(1, untilMs - fromMs)))
  }
  const dates = [spans[0]!, ...spans.filter(isHeld)].map(({ entry, x }) => ({ x, text: momentText(entry.from).slice(0, 10) }))
  return (
    <figure class="life">
      <figcaption>{name}</figcaption>
      <div class="usa-table-container--scrollable" tabIndex={0} role="group" aria-label={`${name} over time`}>
        <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="group" aria-label={`${name}, one step for each change`}>
          {spans.map((span, index) => {
            const value = values.get(span.entry)
            const text = [value === undefined ? '' : `${valueText(value)} ${unit}`.trim(), span.entry.version ?? 'withdrawn']
            const before = index === 0 ? undefined : levelOf(spans[index - 1]!.entry)
            const props = { span, what: text.filter(Boolean).join(' · '), y: levelOf(span.entry), before, isBand: field === undefined }
            return <Step key={span.x} {...props} />
          })}
          {canaries.map(({ run, state, version, from, until }) => {
            const x = placeOf(Date.parse(from))
            const y = levelOf(spans.findLast(({ fromMs }) => fromMs <= Date.parse(from))!.entry) ?? TOP
            const tried = field === undefined ? undefined : spans.find(({ entry }) => entry.version === version)
            const end = Math.max(x + 8, placeOf(until === null ? tickAfter(now.getTime()) : Date.parse(until)))
            return (
              <path key={run} class="life-canary" d={`M${x} ${y}V${(tried && levelOf(tried.entry)) ?? y + 10}H${end}`}>
                <title>{`Canary of ${version}, run ${run} ${state}: ${periodText({ from, until })}`}</title>
              </path>
            )
          })}
          {(isThin ? [] : [...dates, { x: spans.find(({ isLater }) => isLater)?.x ?? width, text: 'now' }]).map(({ x, text }) => (
            <text key={x} class="life-time" x={x} y={height - 6} text-anchor={text === 'now' ? 'end' : 'start'}>
              {text}
            </text>
          ))}
        </svg>
      </div>
    </figure>
  )
}

interface StepProps {
  span: Span
  /** Value and version. */
  what: string
  /** Level of this span, and of the span before; `undefined` without a value. */
  y: number | undefined
  before: number | undefined
  isBand: boolean
}

function Step({ span, what, y, before, isBand }: StepProps): JSX.Element {
  const { entry, isLater, x, width } = span
  const kind = `${isBand ? 'life-band' : 'life-line'}${isLater ? ' life-later' : ''}`
  const line = y === undefined ? null : <path class={kind} d={`M${x} ${y}H${x + width}`} />
  // The rest of a period whose step is in the past.
  if (isLater && !isHeld(span)) return <g>{line}</g>
  const signed = entry.approvedBy.length === 0 ? '' : `, signed by ${entry.approvedBy.join(', ')}`
  const words = `${what}, ${isLater ? 'held, ' : ''}in force ${periodText(entry)}${signed}${changeText(entry) && `; ${changeText(entry)}`}`
  const back = isRollback(entry) ? ' life-back' : ''
  const label = [what, what.split(' ')[0]!].find((each) => each.length * 6.5 + (back === '' ? 6 : 18) <= width) ?? ''
  return (
    <a href={`?at=${encodeURIComponent(entry.from)}`} aria-label={words}>
      <title>{words}</title>
      <rect class="life-hit" x={x} y="0" width={width} height="100%" />
      {line}
      {isBand || (before ?? y) === undefined ? null : <path class={kind + back} d={`M${x} ${before ?? y}V${y ?? BOTTOM}`} />}
      <text class={`life-text${back}`} x={x + 3} y={(y ?? TOP) - 8}>
        {back === '' ? label : `↩ ${label}`}
      </text>
    </a>
  )
}

function isHeld({ entry, isLater, fromMs }: Span): boolean {
  return isLater && Date.parse(entry.from) === fromMs
}

function periodText({ from, until }: { from: string; until: string | null }): string {
  return `from ${momentText(from)}${until === null ? '' : ` to ${momentText(until)}`}`
}

function isRollback({ cause }: PolicyHistoryEntry): boolean {
  return cause === 'rollback' || cause === 'withdrawal'
}

/** `rollback by Air Office: tree frogs were seen`; only `run` for a run without a reason; empty without a cause. */
export function changeText({ cause, by = [], reason }: Pick<PolicyHistoryEntry, 'cause' | 'by' | 'reason'>): string {
  if (cause === undefined || (cause === 'run' && (reason ?? null) === null)) return cause ?? ''
  const who = by.length === 0 ? '' : ` by ${by.join(', ')}`
  return `${cause}${who}${(reason ?? null) === null ? '' : `: ${reason}`}`
}
