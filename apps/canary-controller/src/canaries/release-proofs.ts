import type { LoggedProof, ReleaseDocument, RunDossier } from '#libs/contracts'
import { documentTable, type Transaction } from '#libs/persistence'
import { ServiceRuntime } from '#libs/stage'
import { Injectable } from '@nestjs/common'

/** Kept for good: a run that is tried again needs its proof again. */
export const RELEASE_PROOFS = documentTable<LoggedProof>({ name: 'release_proof', id: (proof) => proof.digest, keys: {} })

/** Where the roster names a log, no release is shown to anybody before its approval is there for all to see. */
@Injectable()
export class ReleaseProofs {
  constructor(private readonly runtime: ServiceRuntime) {}

  remember(tx: Transaction, proof: LoggedProof): Promise<void> {
    return tx.documents(RELEASE_PROOFS).put(proof)
  }

  /** The dossier with the proofs that are known, of what is new and of what it may be taken back to; from here on they travel with it. */
  async attach(tx: Transaction, dossier: RunDossier): Promise<RunDossier> {
    const releases = await Promise.all(dossier.releases.map((release) => proven(tx, release)))
    const live = await Promise.all(Object.entries(dossier.live).map(async ([id, release]) => [id, release && (await proven(tx, release))] as const))
    return { ...dossier, releases, live: Object.fromEntries(live) }
  }

  areComplete({ releases }: RunDossier): boolean {
    return this.runtime.roster.logPolicy === undefined || releases.every((release) => release.proof !== undefined)
  }
}

async function proven(tx: Transaction, release: ReleaseDocument): Promise<ReleaseDocument> {
  const known = await tx.documents(RELEASE_PROOFS).get(release.releaseDigest)
  return known === undefined ? release : { ...release, proof: known.proof }
}
