const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?(Z|[+-](\d{2}):(\d{2}))$/i

/** Years 0000 to 9999 in UTC: outside of them a `Date` prints six digits and a sign, which RFC 3339 does not permit. */
const FIRST_MS = -62_167_219_200_000
const LAST_MS = 253_402_300_799_000
const MINUTE_MS = 60_000

/** Whether it is an RFC 3339 time with offset, on an existing day, in UTC years 0000 to 9999. No leap second: `Date` has none. */
export function isTimestamp(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > 40) return false
  const match = RFC3339.exec(value)
  if (!match) return false
  const part = (index: number): number => Number(match[index] ?? 0)
  const [year, month, day] = [part(1), part(2), part(3)]
  const date = new Date(0)
  // setUTCFullYear, because Date.UTC takes the years 0–99 for 1900–1999.
  date.setUTCFullYear(year, month - 1, day)
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  if (!exists || part(4) > 23 || part(5) > 59 || part(6) > 59 || part(9) > 23 || part(10) > 59) return false
  const offset = (match[8]!.startsWith('-') ? -1 : 1) * (part(9) * 60 + part(10))
  const at = date.getTime() + (part(4) * 60 + part(5) - offset) * MINUTE_MS + part(6) * 1_000
  return at >= FIRST_MS && at <= LAST_MS
}
