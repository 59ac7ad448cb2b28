import { documentTable } from '#libs/persistence'

/** The newest of rollout's freshness statements that was recorded on `hms.config.state.v1`, by whichever instance. */
export interface FreshnessMarker {
  id: 'newest'
  issuedAt: string
  /** What it speaks of. */
  stable: string
}

export const FRESHNESS_MARKERS = documentTable<FreshnessMarker>({ name: 'freshness_marker', id: (marker) => marker.id, keys: {} })
