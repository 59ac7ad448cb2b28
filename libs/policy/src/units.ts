import type { FieldChange } from './changes.js'

/** Dimension and factor to the base unit, for units used in environmental, health and time policies. */
const KNOWN: Record<string, [dimension: string, factor: number]> = {
  ppb: ['share', 1e-9],
  ppm: ['share', 1e-6],
  permille: ['share', 1e-3],
  percent: ['share', 1e-2],
  ng: ['mass', 1e-9],
  ug: ['mass', 1e-6],
  µg: ['mass', 1e-6],
  mg: ['mass', 1e-3],
  g: ['mass', 1],
  kg: ['mass', 1e3],
  t: ['mass', 1e6],
  mm: ['length', 1e-3],
  cm: ['length', 1e-2],
  m: ['length', 1],
  km: ['length', 1e3],
  mm3: ['volume', 1e-9],
  cm3: ['volume', 1e-6],
  ml: ['volume', 1e-6],
  l: ['volume', 1e-3],
  m3: ['volume', 1],
  ms: ['time', 1e-3],
  s: ['time', 1],
  second: ['time', 1],
  min: ['time', 60],
  minute: ['time', 60],
  h: ['time', 3_600],
  hour: ['time', 3_600],
  day: ['time', 86_400],
  week: ['time', 604_800],
}

/** Words that begin with a letter, % or °. Any other text could be read as part of the number before it, or as another value. */
const UNITS = /^[\p{L}%°][\p{L}\p{N}_%°·/^*.²³-]*(?: [\p{L}%°][\p{L}\p{N}_%°·/^*.²³-]*)*$/u // guard: units-quoted

/** Formats a unit: `ug_per_m3` → `µg/m³`, `percent` → `%`, `usd_per_day` → `usd/day`. Quotes a text that does not look like a unit. */
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

/** Returns the factor from `from` to `to`: 1000 for `ppm` to `ppb`. `undefined` if their dimensions differ, or one is unknown. */
export function unitFactor(from: string, to: string): number | undefined {
  if (from === to) return 1
  const [before, after] = [from, to].map((units) =>
    units.split('_per_').map((part) => (Object.hasOwn(KNOWN, part) ? KNOWN[part] : undefined)),
  )
  if (before!.length !== after!.length) return undefined
  let factor = 1
  for (const [index, source] of before!.entries()) {
    const target = after![index]
    if (source === undefined || target === undefined || source[0] !== target[0]) return undefined
    factor *= index === 0 ? source[1] / target[1] : target[1] / source[1] // Only the first part is a numerator.
  }
  return factor
}

/** Returns the unit of the previous value: `unitsBefore` if set, else `units`; `undefined` if there is no unit. */
export function unitsBefore({ kind, units, unitsBefore: before }: Pick<FieldChange, 'kind' | 'units' | 'unitsBefore'>): string | undefined {
  if (before !== undefined) return before ?? undefined
  return kind === 'added' ? undefined : units
}
