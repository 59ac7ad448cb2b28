import { documentTable } from '#libs/persistence'

/** Newest of rollout's freshness statements recorded on `hms.config.state.v1`, by any instance. */
export interface FreshnessMarker {
  id: 'newest'
  issuedAt: string
  /** Digest of the stable heads it covers. */
  stable: string
}

export const FRESHNESS_MARKERS = documentTable<FreshnessMarker>({ name: 'freshness_marker', id: (marker) => marker.id, keys: {} })
