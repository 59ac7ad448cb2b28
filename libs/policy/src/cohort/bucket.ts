import { murmur3_32 } from './murmur3.js'

/** A share in basis points: 10,000 is everyone. */
export const BASIS_POINTS = 10_000

export type Scope = 'global' | `region:${string}`

/** Scope of a canary in all regions. `global` is the place of the stable head, whose numbers are rollout's. */
export const ALL_REGIONS = 'region:*'

/**
 * The bucket of a reader, 0..9999, by flagd's formula over `salt ‖ cohortKey ‖ targetingKey`; the key is the policy id, of a bundle its
 * smallest (ADR 0089). Without a salt the same readers go first for every version. The product stays below 2^53 and the division is by a
 * power of two, so plain numbers are exact.
 */
export function bucketOf(cohortKey: string, targetingKey: string, salt = ''): number {
  return Math.floor((murmur3_32(salt + cohortKey + targetingKey) * BASIS_POINTS) / 2 ** 32)
}

/** The new version owns `[0, p)`, so a larger share always includes the smaller one. */
export function inShare(bucket: number, basisPoints: number): boolean {
  return bucket < basisPoints
}

/** The scope filters before the bucket does. A reader without a region is in the scope of all regions, and in no single one's. */
export function scopeCovers(scope: Scope, reader: { region?: string }): boolean {
  return isEverywhere(scope) || (reader.region !== undefined && reader.region !== '' && scope === `region:${reader.region}`)
}

/** Whether one reader may be in both. */
export function scopesOverlap(a: string, b: string): boolean {
  return isEverywhere(a) || isEverywhere(b) || a === b
}

function isEverywhere(scope: string): boolean {
  return scope === 'global' || scope === ALL_REGIONS
}
