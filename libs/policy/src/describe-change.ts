import type { Json } from '#libs/contracts'
import type { FieldChange } from './changes.js'

const MAX_SHOWN = 60

/** One line for people: `limit 35 → 25 µg/m³`, `ceiling added 80`, `note removed (was "x")`. */
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

/** `ug_per_m3` → `µg/m³`, `percent` → `%`, `usd_per_day` → `usd/day`; what it does not know stays as it is. */
export function displayUnits(units: string): string {
  if (units === 'percent') return '%'
  return units
    .split('_per_')
    .map((part) => part.replace(/^ug$/, 'µg').replace(/^([ckm]?m)2$/, '$1²').replace(/^([ckm]?m)3$/, '$1³'))
    .join('/')
}

function show(value: Json | undefined): string {
  const text = typeof value === 'string' && /^[\p{L}\p{N}][\p{L}\p{N}._:+/-]*$/u.test(value) ? value : JSON.stringify(value)
  const shown = text ?? 'nothing'
  return shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN - 1)}…` : shown
}
