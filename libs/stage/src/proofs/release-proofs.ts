import {
  openDossier,
  packDossier,
  type LoggedApproval,
  type LoggedRelease,
  type LogProof,
  type ReleaseDocument,
  type RunDossier,
} from '#libs/contracts'
import { columns, documentTable, type Transaction } from '#libs/persistence'
import { PruneTables, Rosters } from '#libs/service'
import { ApprovalTree } from '#libs/signing'
import { Injectable, type OnModuleInit } from '@nestjs/common'

type StoredProof = LoggedRelease & { proof: LogProof; storedAt: string }

export const RELEASE_PROOFS = documentTable<StoredProof>({
  name: 'release_proof',
  id: (proof) => proof.digest,
  keys: columns({ policy: 'text', storedAt: 'timestamptz' }),
  indexes: [['policy', 'stored_at']],
  keep: { for: 'runs' },
})

/** Number of newest proofs per policy that are never pruned: heads with the live release or its fallbacks need their proofs again. */
const NEWEST_KEPT = 32

/** Stores the proofs of releases. If the roster names a log, no release is published before its approval is in that log. */
@Injectable()
export class ReleaseProofs implements OnModuleInit {
  constructor(
    private readonly rosters: Rosters,
    private readonly pruning: PruneTables,
  ) {}

  onModuleInit(): void {
    this.pruning.rule(RELEASE_PROOFS, { isNeeded: isAmongNewest })
  }

  async store(tx: Transaction, { releases, entry, proof }: LoggedApproval): Promise<void> {
    const tree = new ApprovalTree(releases.map(({ policy, version, digest }) => ({ id: policy, version, digest })))
    for (const release of releases) {
      const stored = { ...release, proof: { entry, proof, member: tree.member(release.digest) } }
      await tx.documents(RELEASE_PROOFS).put({ ...stored, storedAt: tx.now.toISOString() })
    }
  }

  /** Returns the dossier with the stored proofs of its releases and of the live releases that they replace, for the later stages. */
  async attach(tx: Transaction, packed: RunDossier): Promise<RunDossier> {
    const dossier = openDossier(packed)
    const [releases, live] = await Promise.all([
      Promise.all(dossier.releases.map((release) => withProof(tx, release))),
      Promise.all(Object.entries(dossier.live).map(async ([id, release]) => [id, release && (await withProof(tx, release))] as const)),
    ])
    return packDossier({ ...dossier, releases, live: Object.fromEntries(live) })
  }

  areComplete({ releases }: RunDossier): boolean {
    return this.rosters.newest.logPolicy === undefined || releases.every((release) => release.proof !== undefined)
  }
}

async function isAmongNewest(tx: Transaction, { policy, digest }: StoredProof): Promise<boolean> {
  const newest = await tx.documents(RELEASE_PROOFS).find({ where: { policy }, orderBy: 'stored_at', descending: true, limit: NEWEST_KEPT })
  return newest.some((proof) => proof.digest === digest)
}

/** Returns the release with its stored proof, or unchanged if none is stored. */
export async function withProof(tx: Transaction, release: ReleaseDocument): Promise<ReleaseDocument> {
  const known = await tx.documents(RELEASE_PROOFS).get(release.releaseDigest)
  return known === undefined ? release : { ...release, proof: known.proof }
}
