import type { RefusedFallback } from '#libs/contracts'

/** Returns a line for each earlier live version that the next release cannot be rolled back to. */
export function refusedFallbackLines(refused: readonly RefusedFallback[] = []): string[] {
  return refused.map(
    ({ version, reason }) => `  ! ${version} is no fallback, a rollback to it needs new signatures: readers would refuse it (${reason})`,
  )
}
