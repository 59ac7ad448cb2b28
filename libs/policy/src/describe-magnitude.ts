import type { Json } from '#libs/contracts'
import type { FieldChange } from './changes.js'
import { displayUnits, unitFactor, unitsBefore } from './units.js'

/** Factor from which on a mistyped digit or unit is likely. */
const SUSPICIOUS_FACTOR = 10
/** Relative tolerance for rounding errors of doubles: `0.7 / 0.07` is not quite 10. */
const TOLERANCE = 1e-9

/** Returns warnings for a signer: `limit × 112: 25 → 2800`, `limit has another unit: ppm → ppb`. Most changes have none. */
export function describeMagnitude(change: FieldChange): string[] {
  if (change.kind !== 'changed') return []
  const units = { before: unitsBefore(change), after: change.units }
  return [...unitLines(change, units), ...pairsOf(change).flatMap((pair) => magnitudeLines(pair, units))]
}

/**
 * Returns how many times the larger of a field's two numbers is the smaller one, in one unit. Infinite for zero, another sign or
 * incomparable units; 0 if the field was or is no number.
 */
export function magnitudeOf(change: FieldChange): number {
  const { from, to } = change
  if (typeof from !== 'number' || typeof to !== 'number') return 0
  const ratio = to / (from * (factorOf({ before: unitsBefore(change), after: change.units }) ?? 0))
  return ratio > 0 ? Math.max(ratio, 1 / ratio) : Infinity
}

type Units = { before: string | undefined; after: string | undefined }

function unitLines({ field, from, to }: FieldChange, { before, after }: Units): string[] {
  if (before === after) return []
  const isNotNumeric = !isNumeric(from) || !isNumeric(to)
  return isNotNumeric ? [] : [`${field} has another unit: ${unitsText(before)} → ${unitsText(after)}`]
}

function magnitudeLines({ field, from, to }: { field: string; from: number; to: number }, { before, after }: Units): string[] {
  const measured = (value: number, units: string | undefined): string =>
    `${value}${units === undefined || before === after ? '' : ` ${displayUnits(units)}`}`
  const values = `${measured(from, before)} → ${measured(to, after)}`
  if (from === 0 || to === 0) return from === to ? [] : [`${field} ${to === 0 ? 'becomes zero' : 'is zero no longer'}: ${values}`]
  const signs = Math.sign(from) === Math.sign(to) ? [] : [`${field} changes its sign: ${values}`]
  const factor = factorOf({ before, after })
  if (factor === undefined) return signs
  const ratio = Math.abs(to) / (Math.abs(from) * factor)
  const times = ratio >= 1 ? ratio : 1 / ratio
  return times < SUSPICIOUS_FACTOR * (1 - TOLERANCE)
    ? signs
    : [`${field} ${ratio >= 1 ? '×' : '÷'} ${Number(times.toPrecision(3))}: ${values}`, ...signs]
}

/** Returns the factor between two units; `undefined` if they are incomparable, because the numbers then do not show the magnitude. */
function factorOf({ before, after }: Units): number | undefined {
  if (before === after) return 1
  return before === undefined || after === undefined ? undefined : unitFactor(before, after)
}

/** Returns pairs of numbers with the same meaning; in lists of changed length, pairs at the same index. */
function pairsOf({ field, from, to }: FieldChange): { field: string; from: number; to: number }[] {
  if (typeof from === 'number' && typeof to === 'number') return [{ field, from, to }]
  if (!Array.isArray(from) || !Array.isArray(to)) return []
  return from.flatMap((value, index) => {
    const other = to[index]
    return typeof value === 'number' && typeof other === 'number' ? [{ field: `${field}.${index}`, from: value, to: other }] : []
  })
}

function isNumeric(value: Json | undefined): boolean {
  return typeof value === 'number' || (Array.isArray(value) && value.some((item) => typeof item === 'number'))
}

function unitsText(units: string | undefined): string {
  return units === undefined ? 'none' : displayUnits(units)
}
