const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** When a folder is looked at for the acknowledgement of a document, after its last try: often within half an hour, then for a week. */
export const LOOK_OFFSETS_MS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 20, 25, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 4, 8, 12, 24, 48, 72, 96, 120, 144, 168].map((hours) => hours * HOUR),
]
/** Between two looks, however many documents were written at however many times. */
export const MIN_GAP_MS = 30_000

/** The next look, for documents whose last tries were at these times; `undefined` when the time of all is over. */
export function nextLook(triedAt: readonly Date[], now: Date): Date | undefined {
  const due = triedAt.flatMap((at) => {
    const offset = LOOK_OFFSETS_MS.find((each) => at.getTime() + each > now.getTime())
    return offset === undefined ? [] : [at.getTime() + offset]
  })
  return due.length === 0 ? undefined : new Date(Math.max(Math.min(...due), now.getTime() + MIN_GAP_MS))
}
