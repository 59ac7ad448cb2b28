import type { Json, JsonObject, PolicyHistoryEntry } from '#libs/contracts'
import { POLICY_KNOWN_KEYS } from '#libs/policy'
import type { JSX } from 'preact'
import { momentText, valueText } from '../layout/parts.js'
import { ruleOf, unitText } from './policy-table.js'

/** Canary of a version of the policy; `until` is `null` while it is observed. */
export interface LifeCanary {
  run: number
  version: string
  from: string
  until: string | null
  state: string
}

export interface LifeProps {
  /** Newest first. */
  entries: readonly PolicyHistoryEntry[]
  canaries: readonly LifeCanary[]
  /** Policy in force; a field that no entry changed has its value. */
  current: JsonObject | undefined
  now: Date
}

const MAX_FIELDS = 3
const WIDTH = 720
const HEIGHT = 140
const TOP = 30
const BOTTOM = 28
/** Least width of a period: a step must be visible, and large enough for a finger. */
const LEAST = 36
const LEAST_LATER = 104
/** The picture changes once a minute at most, or each update would replace it under the reader. */
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

/** Value of one field, or the versions alone, over the same spans. */
interface Track {
  field?: string
  unit: string
  values: ReadonlyMap<PolicyHistoryEntry, Json | undefined>
}

/** Step lines of the numeric fields, at most three, and a band of versions for other fields. A step links to `?at=`. */
export function LifeChart({ entries, canaries, current, now }: LifeProps): JSX.Element {
  const oldestFirst = entries.toReversed()
  const spans = spansOf(oldestFirst, now.getTime())
  const drawn = canaries.filter(({ from }) => Date.parse(from) >= (spans[0]?.fromMs ?? Infinity))
  const notes = [
    'Each step links to what bots obeyed then. Short periods are drawn wider than to scale.',
    entries.some(isRollback) ? 'Red, ↩: rolled back.' : '',
    spans.some(({ isLater }) => isLater) ? 'Dotted: held for later.' : '',
    drawn.length > 0 ? 'Faint: canaries.' : '',
  ]
  return (
    <>
      {tracksOf(oldestFirst, current).map((track) => (
        <Plot key={track.field} track={track} spans={spans} canaries={drawn} now={now} />
      ))}
      <p class="quiet">{notes.filter(Boolean).join(' ')}</p>
    </>
  )
}

/** Spans from left to right: each has the least width, and a share of the rest by its duration. */
function spansOf(entries: readonly PolicyHistoryEntry[], nowMs: number): Span[] {
  const parts = entries.flatMap((entry) => {
    const [fromMs, endMs] = [Date.parse(entry.from), entry.until === null ? Infinity : Date.parse(entry.until)]
    if (fromMs > nowMs) return [{ entry, fromMs, untilMs: Math.min(endMs, fromMs), isLater: true }]
    const past = { entry, fromMs, untilMs: Math.min(endMs, tickAfter(nowMs)), isLater: false }
    return endMs > nowMs && endMs !== Infinity ? [past, { entry, fromMs: nowMs, untilMs: endMs, isLater: true }] : [past]
  })
  const lengthOf = ({ fromMs, untilMs, isLater }: (typeof parts)[number]): number => (isLater ? 0 : Math.max(0, untilMs - fromMs))
  const total = parts.reduce((sum, part) => sum + lengthOf(part), 0)
  const leastOf = ({ isLater }: (typeof parts)[number]): number => (isLater ? LEAST_LATER : LEAST)
  const rest = Math.max(0, WIDTH - parts.reduce((sum, part) => sum + leastOf(part), 0))
  let x = 0
  return parts.map((part) => {
    const width = leastOf(part) + (total === 0 ? rest / parts.length : (rest * lengthOf(part)) / total)
    x += width
    return { ...part, x: Math.round(x - width), width: Math.round(width) }
  })
}

function tickAfter(ms: number): number {
  return Math.ceil(ms / TICK_MS) * TICK_MS
}

function tracksOf(entries: readonly PolicyHistoryEntry[], current: JsonObject | undefined): Track[] {
  const changes = entries.flatMap(({ differences }) => differences)
  const known: readonly string[] = POLICY_KNOWN_KEYS
  const rule = new Map(current === undefined ? [] : ruleOf(current))
  const fields = [...new Set([...rule.keys(), ...changes.map(({ field }) => field)])].filter(
    (field) => !known.includes(field.split('.')[0]!),
  )
  const seen = (field: string): (Json | undefined)[] => [
    rule.get(field),
    ...changes.flatMap((change) => (change.field === field ? [change.from, change.to] : [])),
  ]
  const isNumeric = (field: string): boolean => seen(field).some((value) => typeof value === 'number')
  const tracks = fields
    .filter(isNumeric)
    .slice(0, MAX_FIELDS)
    .map((field): Track => {
      const units = changes.findLast((change) => change.field === field)?.units ?? current?.['units']
      return { field, unit: unitText(units === undefined ? {} : { units }), values: valuesOf(entries, field, rule.get(field)) }
    })
  return tracks.length === fields.length && tracks.length > 0 ? tracks : [...tracks, { unit: '', values: new Map() }]
}

/** Value of a field in each entry; `undefined` where it has none. */
function valuesOf(entries: readonly PolicyHistoryEntry[], field: string, current: Json | undefined): Track['values'] {
  const changes = entries.map(({ differences }) => differences.find((difference) => difference.field === field))
  const first = changes.find((change) => change !== undefined)
  let value = first === undefined ? current : first.from
  return new Map(
    entries.map((entry, index) => {
      const change = changes[index]
      if (change !== undefined) value = change.to
      return [entry, entry.version === null ? undefined : value]
    }),
  )
}

type PlotProps = { track: Track; spans: readonly Span[] } & Pick<LifeProps, 'canaries' | 'now'>

function Plot({ track: { field, unit, values }, spans, canaries, now }: PlotProps): JSX.Element {
  const name = field === undefined ? 'Versions' : `${field}${unit === '' ? '' : `, ${unit}`}`
  const height = field === undefined ? TOP + 16 + BOTTOM : HEIGHT
  const yOf = scaleOf([...values.values()], height)
  const levelOf = (entry: PolicyHistoryEntry): number | undefined =>
    field !== undefined ? yOf(values.get(entry)) : entry.version === null ? undefined : TOP + 4
  const levels = spans.map(({ entry }) => levelOf(entry))
  const whatOf = ({ version }: PolicyHistoryEntry, value: Json | undefined): string =>
    [value === undefined ? '' : `${valueText(value)} ${unit}`.trim(), version ?? 'withdrawn'].filter(Boolean).join(' · ')
  const [first, last] = [spans[0]!, spans.at(-1)!]
  const width = last.x + last.width
  const nowX = spans.find(({ isLater }) => isLater)?.x ?? width
  return (
    <figure class="life">
      <figcaption>{name}</figcaption>
      <div class="usa-table-container--scrollable" tabIndex={0} role="group" aria-label={`${name} over time`}>
        <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="group" aria-label={`${name}, a step a change`}>
          {spans.map((span, index) => (
            <Step
              key={span.x}
              span={span}
              what={whatOf(span.entry, values.get(span.entry))}
              y={levels[index]}
              before={levels[index - 1]}
              isBand={field === undefined}
            />
          ))}
          {canaries.map((canary) => {
            const x = placeOf(spans, Date.parse(canary.from))
            const until = placeOf(spans, canary.until === null ? tickAfter(now.getTime()) : Date.parse(canary.until))
            const base = levels[spans.findLastIndex(({ fromMs }) => fromMs <= Date.parse(canary.from))] ?? TOP
            const tried = spans.find(({ entry }) => field !== undefined && entry.version === canary.version)?.entry
            const y = (tried && levelOf(tried)) ?? base + 10
            return (
              <path key={canary.run} class="life-canary" d={`M${x} ${base}V${y}H${Math.max(until, x + 8)}`}>
                <title>{`Canary of ${canary.version}, run ${canary.run} ${canary.state}: ${periodText(canary)}`}</title>
              </path>
            )
          })}
          <text class="life-time" x="0" y={height - 6}>
            {momentText(first.entry.from).slice(0, 16)}
          </text>
          {spans.flatMap(({ entry, isLater, fromMs, x }) =>
            isLater && Date.parse(entry.from) === fromMs ? (
              <text key={x} class="life-time" x={x + 3} y={height - 6}>
                {momentText(entry.from).slice(0, 10)}
              </text>
            ) : (
              []
            ),
          )}
          <text class="life-time" x={nowX} y={height - 6} text-anchor="end">
            now
          </text>
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

function Step({ span: { entry, isLater, fromMs, x, width }, what, y, before, isBand }: StepProps): JSX.Element {
  const kind = `${isBand ? 'life-band' : 'life-line'}${isLater ? ' life-later' : ''}`
  const line = y === undefined ? null : <path class={kind} d={`M${x} ${y}H${x + width}`} />
  // The rest of a period whose step is in the past.
  if (isLater && Date.parse(entry.from) < fromMs) return <g>{line}</g>
  const signed = entry.approvedBy.length === 0 ? '' : `, signed by ${entry.approvedBy.join(', ')}`
  const words = `${what}, ${isLater ? 'held, ' : ''}in force ${periodText(entry)}${signed}${changeText(entry) && `; ${changeText(entry)}`}`
  const back = isRollback(entry)
  const fits = [what, what.split(' ')[0]!].find((each) => each.length * 6.5 + (back ? 18 : 6) <= width)
  return (
    <a href={`?at=${encodeURIComponent(entry.from)}`} aria-label={words}>
      <title>{words}</title>
      <rect class="life-hit" x={x} y="0" width={width} height="100%" />
      {line}
      {isBand ? null : <path class={`${kind}${back ? ' life-back' : ''}`} d={`M${x} ${before ?? y ?? TOP}V${y ?? before ?? TOP}`} />}
      <text class={`life-text${back ? ' life-back' : ''}`} x={x + 3} y={(y ?? TOP) - 8}>
        {[back ? '↩' : '', fits ?? ''].join(' ').trim()}
      </text>
    </a>
  )
}

function periodText({ from, until }: { from: string; until: string | null }): string {
  return `from ${momentText(from)}${until === null ? '' : ` to ${momentText(until)}`}`
}

function isRollback({ cause }: PolicyHistoryEntry): boolean {
  return cause === 'rollback' || cause === 'withdrawal'
}

/** `rollback by Air Office: tree frogs were seen`; an ordinary run without a reason says nothing that its signers do not. */
export function changeText({ cause, by = [], reason }: Pick<PolicyHistoryEntry, 'cause' | 'by' | 'reason'>): string {
  if (cause === undefined || (cause === 'run' && (reason ?? null) === null)) return cause ?? ''
  const who = by.length === 0 ? '' : ` by ${by.join(', ')}`
  return `${cause}${who}${(reason ?? null) === null ? '' : `: ${reason}`}`
}

function scaleOf(values: readonly (Json | undefined)[], height: number): (value: Json | undefined) => number | undefined {
  const numbers = values.filter((value) => typeof value === 'number')
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)]
  const share = (value: number): number => (most === least ? 0.5 : (value - least) / (most - least))
  return (value) => (typeof value === 'number' ? Math.round(height - BOTTOM - share(value) * (height - BOTTOM - TOP)) : undefined)
}

/** Position of a time on the axis. */
function placeOf(spans: readonly Span[], ms: number): number {
  const { fromMs, untilMs, x, width } = spans.findLast((span) => span.fromMs <= ms) ?? spans[0]!
  return Math.round(x + width * Math.min(1, Math.max(0, ms - fromMs) / Math.max(1, untilMs - fromMs)))
}
