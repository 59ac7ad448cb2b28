import { isBreakGlassDossier, type LoggedApproval, type ReceivedEvent, type RunDossier } from '#libs/contracts'
import { policyKey, type EventAnswer } from '#libs/messaging'
import { lockedDocument, type Transaction } from '#libs/persistence'
import { ReleaseProofs } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { RunRollout } from '../rollouts/run-rollout.js'
import { BREAK_GLASS_ORDERS, type BreakGlassOrder } from './break-glass-order.table.js'

/**
 * Opens the rollout of a run that several people sent past simulation, canary and freezes. Like any release it is shown to nobody before
 * its approval is in the log.
 */
@Injectable()
export class OpenBreakGlass {
  constructor(
    private readonly runRollout: RunRollout,
    private readonly proofs: ReleaseProofs,
  ) {}

  /** Every run that lint passed comes here; all but break-glass go on to simulation. */
  async open(tx: Transaction, dossier: RunDossier, cause: ReceivedEvent): Promise<EventAnswer> {
    if (!isBreakGlassDossier(dossier)) return
    const { key, id, traceparent = null } = cause
    const order = { release: dossier.releases[0]!.releaseDigest, run: dossier.run, dossier, cause: { key, id, traceparent } }
    const answer = await this.carryOut(tx, order)
    if (answer !== 'waiting') return answer
    await tx.documents(BREAK_GLASS_ORDERS).put(order)
  }

  /** The proofs of this approval are kept already. */
  async logged(tx: Transaction, { releases }: LoggedApproval): Promise<void> {
    for (const { digest } of releases) {
      const order = await lockedDocument(tx, BREAK_GLASS_ORDERS, digest, ({ dossier }) => dossier.releases.map(({ id }) => policyKey(id)))
      if (order !== undefined && (await this.carryOut(tx, order)) !== 'waiting') await tx.documents(BREAK_GLASS_ORDERS).delete(digest)
    }
  }

  /** Its run has ended without it. */
  async drop(tx: Transaction, run: number): Promise<void> {
    for (const { release } of await tx.documents(BREAK_GLASS_ORDERS).find({ where: { run } }))
      await tx.documents(BREAK_GLASS_ORDERS).delete(release)
  }

  /** `waiting` while a proof is missing. Its policies are locked. */
  private async carryOut(tx: Transaction, { dossier: carried, cause }: BreakGlassOrder): Promise<EventAnswer | 'waiting'> {
    const dossier = await this.proofs.attach(tx, carried)
    if (!this.proofs.areComplete(dossier)) return 'waiting'
    const { key, id, traceparent } = cause
    const origin = { key, id, ...(traceparent === null ? {} : { traceparent }) }
    return this.runRollout.openBreakGlass(tx, { dossier, cause: origin })
  }
}
