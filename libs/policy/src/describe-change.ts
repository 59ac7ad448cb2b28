import { createHash } from 'node:crypto'
import type { FieldDifference, Json } from '#libs/contracts'
import type { FieldChange } from './changes.js'
import { describeMagnitude } from './describe-magnitude.js'
import { displayUnits, unitsBefore } from './units.js'

/** Maximum characters shown of a value, more than a person reads. Beyond it, a digest shows whether two values are equal. */
const MAX_SHOWN = 2_000
/** Characters shown before the first difference of a longer value. */
const CONTEXT = 40

/** Formats a change: `limit 35 → 25 µg/m³`, `note removed (was "x")`. Values are complete JSON, as signed: `25` is not `"25"`. */
export function describeChange(change: FieldChange): string {
  const [before, after] = [unitsBefore(change), change.units].map((units) => (units === undefined ? '' : ` ${displayUnits(units)}`))
  const { field, from, to } = change
  switch (change.kind) {
    case 'added':
      return `${field} added ${valueText(to)}${after}`
    case 'removed':
      return `${field} removed (was ${valueText(from)}${before})`
    case 'changed':
      return `${field} ${valueText(from, to)}${before === after ? '' : before} → ${valueText(to, from)}${after}`
  }
}

/** Returns a change as services send it: values, units, the formatted line and, as separate lines, remarks. */
export function differenceOf(change: FieldChange): FieldDifference {
  const { kind: _kind, ...values } = change
  const remarks = describeMagnitude(change)
  return { ...values, text: describeChange(change), ...(remarks.length === 0 ? {} : { remarks }) }
}

/** Formats a value as complete JSON. One longer than a person reads is shown from where it differs from `other`, with its digest. */
export function valueText(value: Json | undefined, other?: Json): string {
  const text = JSON.stringify(value) ?? 'nothing' // guard: difference-types
  if (text.length <= MAX_SHOWN) return text
  const [start, end] = [Math.max(0, firstDifference(text, JSON.stringify(other) ?? '') - CONTEXT), text.length]
  const shown = `${start > 0 ? '…' : ''}${text.slice(start, start + MAX_SHOWN)}${start + MAX_SHOWN < end ? '…' : ''}`
  return `${shown} (${end} characters, sha256:${createHash('sha256').update(text).digest('hex').slice(0, 16)})`
}

function firstDifference(text: string, other: string): number {
  let at = 0
  while (at < other.length && text[at] === other[at]) at++
  return at // guard: difference-shown
}
