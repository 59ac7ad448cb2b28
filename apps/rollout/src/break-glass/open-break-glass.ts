import { isBreakGlassDossier, type LoggedApproval, type ReceivedEvent, type RunDossier } from '#libs/contracts'
import { policyKey, type HandlerResult } from '#libs/messaging'
import { lockedDocument, type Transaction } from '#libs/persistence'
import { ReleaseProofs } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { RunRollout } from '../rollouts/run-rollout.js'
import { BREAK_GLASS_ORDERS, type BreakGlassOrder } from './break-glass-order.table.js'

/** Opens a break-glass rollout without simulation, canary and freezes. It is published only when its approval is in the log. */
@Injectable()
export class OpenBreakGlass {
  constructor(
    private readonly runRollout: RunRollout,
    private readonly proofs: ReleaseProofs,
  ) {}

  /** Opens the rollout of a run that passed lint, if it is break-glass; all other runs continue with simulation. */
  async open(tx: Transaction, dossier: RunDossier, cause: ReceivedEvent): Promise<HandlerResult> {
    if (!isBreakGlassDossier(dossier)) return // guard: break-glass-only-from-lint
    const { key, id, traceparent = null } = cause
    const order = { release: dossier.releases[0]!.releaseDigest, run: dossier.run, dossier, cause: { key, id, traceparent } }
    const answer = await this.carryOut(tx, order)
    if (answer !== 'waiting') return answer
    await tx.documents(BREAK_GLASS_ORDERS).put(order)
  }

  /** Handles a logged approval, whose proofs are already stored. */
  async approvalLogged(tx: Transaction, { releases }: LoggedApproval): Promise<void> {
    for (const { digest } of releases) {
      const order = await lockedDocument(tx, BREAK_GLASS_ORDERS, digest, ({ dossier }) => dossier.releases.map(({ id }) => policyKey(id)))
      if (order !== undefined && (await this.carryOut(tx, order)) !== 'waiting') await tx.documents(BREAK_GLASS_ORDERS).delete(digest)
    }
  }

  async discard(tx: Transaction, run: number): Promise<void> {
    for (const { release } of await tx.documents(BREAK_GLASS_ORDERS).find({ where: { run } }))
      await tx.documents(BREAK_GLASS_ORDERS).delete(release)
  }

  /** Opens the rollout; returns `waiting` while a proof is missing. The caller holds the locks of the policies. */
  private async carryOut(tx: Transaction, { dossier: packed, cause }: BreakGlassOrder): Promise<HandlerResult | 'waiting'> {
    const dossier = await this.proofs.attach(tx, packed)
    if (!this.proofs.areComplete(dossier)) return 'waiting'
    const { key, id, traceparent } = cause
    const origin = { key, id, ...(traceparent === null ? {} : { traceparent }) }
    return this.runRollout.openBreakGlass(tx, { dossier, cause: origin })
  }
}
