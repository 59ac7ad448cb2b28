import type { Envelope } from '#libs/contracts'
import type { Canary } from '#libs/pipeline'
import { scenarioSubject, signVerificationResult, type Signer } from '#libs/signing'

/** Version of the judgement of canaries; raised when the same alerts would lead to another verdict. */
const CANARY = 'https://hms-svc.dev/verifier/canary/v2'

/** Signs the verdict on a canary as in-toto's verification result. `properties`: verified properties; empty for a failed canary. */
export function attestCanary({ dossier, scenarios }: Canary, properties: string[], at: Date, signer: Signer): Promise<Envelope> {
  return signVerificationResult(
    { verifier: { id: CANARY, policies: scenarios.map(scenarioSubject) }, timeCreated: at.toISOString(), properties },
    dossier,
    signer,
  )
}
