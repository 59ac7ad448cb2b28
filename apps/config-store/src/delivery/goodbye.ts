/** What an instance can take in again, of readers that know what they hold. */
const READERS_PER_SECOND = 2_000
/** Well below the silence after which a reader says STALE: most find another instance before that. */
const LONGEST_MS = 4_000
const SHORTEST_MS = 500

/** How long a reader should wait before it connects again when `readers` are told to go at one moment: spread by chance. */
export function comeBackAfterMs(readers: number, random: () => number = Math.random): number {
  const spreadMs = Math.min(Math.max((readers / READERS_PER_SECOND) * 1_000, SHORTEST_MS), LONGEST_MS)
  return Math.floor(random() * spreadMs)
}
