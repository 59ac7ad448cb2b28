import type { ScenarioRule } from '#libs/contracts'
import { digestOfJson, hexOf } from '../digest.js'
import type { Subject } from '../statement.js'

/**
 * Returns a scenario as the subject of a run's attestations: SHA-256 over the canonical form (RFC 8785) of `{ alert, id, policies }`, as in
 * `GET /v1/scenarios`. The corpus that it was tested on is in the report.
 */
export function scenarioSubject({ id, policies, alert }: ScenarioRule): Subject {
  return { name: `scenario ${id}`, digest: { sha256: hexOf(digestOfJson({ id, policies, alert })) } }
}
