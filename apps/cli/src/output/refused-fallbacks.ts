import type { RefusedFallback } from '#libs/contracts'

/** A line for each version that the next release cannot be taken back to, though it was live before it. */
export function refusedFallbackLines(refused: readonly RefusedFallback[] = []): string[] {
  return refused.map(
    ({ version, reason }) => `  ! ${version} is no fallback, a rollback to it needs new signatures: readers would refuse it (${reason})`,
  )
}
