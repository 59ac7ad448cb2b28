const UNITS = [
  { ms: 86_400_000, name: 'd' },
  { ms: 3_600_000, name: 'h' },
  { ms: 60_000, name: 'min' },
] as const

/** Formats an age such as `3 min`, in the largest unit with a whole number. */
export function ageOf(at: string, nowMs: number): string {
  const ms = Math.max(0, nowMs - Date.parse(at))
  const unit = UNITS.find((candidate) => ms >= candidate.ms)
  return unit === undefined ? `${Math.round(ms / 1_000)} s` : `${Math.floor(ms / unit.ms)} ${unit.name}`
}
