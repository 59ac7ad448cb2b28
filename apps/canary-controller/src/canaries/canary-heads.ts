import type { IssuedHeads, SignedHead } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import type { Canary, CanaryMember } from '#libs/pipeline'
import { currentTraceparent } from '#libs/platform'
import { DirectHeadDelivery, ServiceRuntime, signHeadOf, upcoming } from '#libs/service'
import { Injectable } from '@nestjs/common'
import { CANARY_HEADS, headId } from './canary.table.js'

/** Signs the heads of a canary: to publish it, to renew its lease, to take it back. */
@Injectable()
export class CanaryHeads {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly carrier: DirectHeadDelivery,
  ) {}

  /** New heads for `policies` (all, unless given) with fresh numbers. `fast`: also straight to the stores, not only by the bus. */
  async issue(tx: Transaction, canary: Canary, { fast, policies }: { fast: boolean; policies?: readonly string[] }): Promise<Canary> {
    const expires = canary.leaseUntil
    const issued: SignedHead[] = []
    const members: CanaryMember[] = []
    for (const member of canary.members) {
      if (policies?.includes(member.policy) === false) {
        members.push(member)
        continue
      }
      const seq = await this.nextSeq(tx, canary, member)
      const release = canary.dossier.releases.find((candidate) => candidate.id === member.policy)!
      const head = { ...this.common(tx, canary, member, seq), share: member.share, expires }
      // Before its time a release is only held: the cohort lives by what the canary stands on.
      const next = upcoming(release, tx.now)
      issued.push(
        await signHeadOf(head, next === undefined ? release : (canary.dossier.live[member.policy] ?? null), next, this.runtime.signer),
      )
      members.push({ ...member, seq })
    }
    await this.send(tx, canary, { heads: issued }, fast)
    return { ...canary, members }
  }

  /** Ends the canary for its readers: `current` is what it stands on, `null` for a first version. */
  async takeBack(tx: Transaction, canary: Canary): Promise<Canary> {
    const issued: SignedHead[] = []
    const members: CanaryMember[] = []
    for (const member of canary.members) {
      const seq = await this.nextSeq(tx, canary, member, null)
      issued.push(
        await signHeadOf(this.common(tx, canary, member, seq), canary.dossier.live[member.policy] ?? null, undefined, this.runtime.signer),
      )
      members.push({ ...member, seq })
    }
    await this.send(tx, canary, { heads: issued }, true)
    return { ...canary, members }
  }

  private common(tx: Transaction, canary: Canary, member: CanaryMember, seq: number) {
    return { policy: member.policy, scope: canary.scope, seq, base: member.base, issuedAt: tx.now.toISOString(), run: canary.run }
  }

  private async nextSeq(tx: Transaction, canary: Canary, member: CanaryMember, run: number | null = canary.run): Promise<number> {
    const known = await tx.documents(CANARY_HEADS).get(headId({ policy: member.policy, scope: canary.scope }))
    const seq = (known?.seq ?? 0) + 1
    await tx.documents(CANARY_HEADS).put({ policy: member.policy, scope: canary.scope, seq, run })
    return seq
  }

  private async send(tx: Transaction, canary: Canary, heads: IssuedHeads, fast: boolean): Promise<void> {
    await this.runtime.emit(tx, 'hms.head.issued.v1', heads, {
      key: canary.key,
      run: canary.run,
      attempt: canary.attempt,
      causationId: canary.causationId,
    })
    const traceparent = currentTraceparent()
    if (fast) tx.afterCommit(() => this.carrier.deliverSoon(heads, traceparent))
  }
}
