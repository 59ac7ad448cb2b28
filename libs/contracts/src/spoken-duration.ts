/** Formats a duration, rounded to seconds: `11 min 42 sec`, or seconds alone below a minute. */
export function spokenDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} sec`
  return `${Math.floor(seconds / 60)} min ${seconds % 60} sec`
}
