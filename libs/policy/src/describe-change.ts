import { createHash } from 'node:crypto'
import type { Json } from '#libs/contracts'
import type { FieldChange } from './changes.js'

/** More than a person reads; the digest then says whether two long values are the same. */
const MAX_SHOWN = 2_000

/**
 * One line for people: `limit 35 → 25 µg/m³`, `ceiling added 80`, `note removed (was "x")`. Values are JSON, so that `25` and `"25"`
 * differ, and whole: what is signed is what is shown.
 */
export function describeChange(change: FieldChange): string {
  const units = change.units === undefined ? '' : ` ${displayUnits(change.units)}`
  switch (change.kind) {
    case 'added':
      return `${change.field} added ${show(change.to)}${units}`
    case 'removed':
      return `${change.field} removed (was ${show(change.from)}${units})`
    case 'changed':
      return `${change.field} ${show(change.from)} → ${show(change.to)}${units}`
  }
}

/** Words of letters, digits and the usual signs; anything else could be taken for a value. */
const UNITS = /^[\p{L}\p{N}_%°·/^*.²³-]+(?: [\p{L}\p{N}_%°·/^*.²³-]+)*$/u

/**
 * `ug_per_m3` → `µg/m³`, `percent` → `%`, `usd_per_day` → `usd/day`; what it does not know stays as it is, in quotes where it is no unit.
 */
export function displayUnits(units: string): string {
  if (units === 'percent') return '%'
  if (!UNITS.test(units)) return JSON.stringify(units)
  return units
    .split('_per_')
    .map((part) =>
      part
        .replace(/^ug$/, 'µg')
        .replace(/^([ckm]?m)2$/, '$1²')
        .replace(/^([ckm]?m)3$/, '$1³'),
    )
    .join('/')
}

function show(value: Json | undefined): string {
  const text = JSON.stringify(value) ?? 'nothing'
  if (text.length <= MAX_SHOWN) return text
  return `${text.slice(0, MAX_SHOWN)}… (${text.length} characters, sha256:${createHash('sha256').update(text).digest('hex').slice(0, 16)})`
}
