/** Parses `Retry-After` (RFC 9110 §10.2.3), whole seconds or an HTTP date, as ms from `now`, never negative; `undefined` otherwise. */
export function parseRetryAfter(value: string | undefined, now: Date): number | undefined {
  const text = value?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  // Date.parse accepts much more than an HTTP date; each of the three HTTP forms begins with the name of a day.
  const date = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime())
}
