/** Readers that an instance can accept per second when they resume. */
const READERS_PER_SECOND = 2_000
/** Maximum wait in ms, well below the silence after which a reader becomes STALE: most find another instance before that. */
const LONGEST_MS = 4_000
const SHORTEST_MS = 500

/** Returns a random wait in ms before a reader reconnects, when `readers` are disconnected at once. */
export function comeBackAfterMs(readers: number, random: () => number = Math.random): number {
  const spreadMs = Math.min(Math.max((readers / READERS_PER_SECOND) * 1_000, SHORTEST_MS), LONGEST_MS)
  return Math.floor(random() * spreadMs)
}
