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
      return `${change.field} added ${valueText(change.to)}${after}`
    case 'removed':
      return `${change.field} removed (was ${valueText(change.from)}${before})`
    case 'changed':
      return `${change.field} ${valueText(change.from)}${before === after ? '' : before} → ${valueText(change.to)}${after}`
  }
}

/** Returns a change as services send it: values, units, the formatted line and, as separate lines, remarks. */
export function differenceOf(change: FieldChange): FieldDifference {
  const { kind: _kind, ...values } = change
  const remarks = describeMagnitude(change)
  return { ...values, text: describeChange(change), ...(remarks.length === 0 ? {} : { remarks }) }
}

/** Formats a value as complete JSON, or with its digest if it is longer than a person reads. */
export function valueText(value: Json | undefined): string {
  const text = JSON.stringify(value) ?? 'nothing' // guard: difference-types
  if (text.length <= MAX_SHOWN) return text
  return `${text.slice(0, MAX_SHOWN)}… (${text.length} characters, sha256:${createHash('sha256').update(text).digest('hex').slice(0, 16)})`
}
