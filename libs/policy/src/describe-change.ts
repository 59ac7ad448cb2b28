import { createHash } from 'node:crypto'
import type { FieldDifference, Json } from '#libs/contracts'
import type { FieldChange } from './changes.js'
import { describeMagnitude } from './describe-magnitude.js'
import { displayUnits, unitsBefore } from './units.js'

/** Maximum characters shown of a value, more than a person reads. Beyond it, a digest shows whether two values are equal. */
const MAX_SHOWN = 2_000

/** Formats a change: `limit 35 → 25 µg/m³`, `note removed (was "x")`. Values are complete JSON, as signed: `25` is not `"25"`. */
export function describeChange(change: FieldChange): string {
  const [before, after] = [unitsBefore(change), change.units].map((units) => (units === undefined ? '' : ` ${displayUnits(units)}`))
  switch (change.kind) {
    case 'added':
      return `${change.field} added ${show(change.to)}${after}`
    case 'removed':
      return `${change.field} removed (was ${show(change.from)}${before})`
    case 'changed':
      return `${change.field} ${show(change.from)}${before === after ? '' : before} → ${show(change.to)}${after}`
  }
}

/** Returns a change as services send it: values, units, the formatted line and, as separate lines, remarks. */
export function differenceOf(change: FieldChange): FieldDifference {
  const { kind: _kind, ...values } = change
  const remarks = describeMagnitude(change)
  return { ...values, text: describeChange(change), ...(remarks.length === 0 ? {} : { remarks }) }
}

function show(value: Json | undefined): string {
  const text = JSON.stringify(value) ?? 'nothing' // guard: difference-types
  if (text.length <= MAX_SHOWN) return text
  return `${text.slice(0, MAX_SHOWN)}… (${text.length} characters, sha256:${createHash('sha256').update(text).digest('hex').slice(0, 16)})`
}
