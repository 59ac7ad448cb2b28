const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Offsets in ms after a document's last attempt at which its folder is checked: often within half an hour, then for a week. */
export const LOOK_OFFSETS_MS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 20, 25, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 4, 8, 12, 24, 48, 72, 96, 120, 144, 168].map((hours) => hours * HOUR),
]
/** Minimum gap between two checks, regardless of the number and times of documents. */
export const MIN_GAP_MS = 30_000

/** Returns the next check for documents whose last attempts were at these times; `undefined` when all offsets have passed. */
export function nextLook(triedAt: readonly Date[], now: Date): Date | undefined {
  const due = triedAt.flatMap((at) => {
    const offset = LOOK_OFFSETS_MS.find((each) => at.getTime() + each > now.getTime())
    return offset === undefined ? [] : [at.getTime() + offset]
  })
  return due.length === 0 ? undefined : new Date(Math.max(Math.min(...due), now.getTime() + MIN_GAP_MS))
}
