import { murmur3_32 } from './murmur3.js'

/** All traffic as a share in basis points. */
export const BASIS_POINTS = 10_000

export type Scope = 'global' | `region:${string}`

/** Scope of a canary in all regions. `global` is the scope of the stable head, which rollout numbers. */
export const ALL_REGIONS = 'region:*'

/**
 * Returns a reader's bucket, 0..9999, by flagd's formula. `cohortKey`: the policy id, for a bundle its smallest (ADR 0089). Without a salt
 * the same readers go first for every version. The product is below 2^53 and the divisor is a power of two, so plain numbers are exact.
 */
export function bucketOf(cohortKey: string, targetingKey: string, salt = ''): number {
  return Math.floor((murmur3_32(salt + cohortKey + targetingKey) * BASIS_POINTS) / 2 ** 32)
}

/** Whether a bucket is in the share. The new version owns `[0, p)`, so a larger share always includes the smaller one. */
export function inShare(bucket: number, basisPoints: number): boolean {
  return bucket < basisPoints
}

/** Whether a scope covers a reader; checked before the bucket. A reader without a region is only in the scope of all regions. */
export function scopeCovers(scope: Scope, reader: { region?: string }): boolean {
  return isEverywhere(scope) || (reader.region !== undefined && reader.region !== '' && scope === `region:${reader.region}`)
}

export function scopesOverlap(a: string, b: string): boolean {
  return isEverywhere(a) || isEverywhere(b) || a === b // guard: freeze-before-rollout
}

function isEverywhere(scope: string): boolean {
  return scope === 'global' || scope === ALL_REGIONS
}
