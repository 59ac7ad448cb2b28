import type { ScenarioRule } from '#libs/contracts'
import { digestOfJson, hexOf } from '../digest.js'
import type { Subject } from '../statement.js'

/**
 * A scenario as every attestation of a run names it: SHA-256 over the canonical form (RFC 8785) of `{ alert, id, policies }`, which is what
 * `GET /v1/scenarios` shows. The corpus that it was tried on is in the report.
 */
export function scenarioSubject({ id, policies, alert }: ScenarioRule): Subject {
  return { name: `scenario ${id}`, digest: { sha256: hexOf(digestOfJson({ id, policies, alert })) } }
}
