import { openDossier } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import type { Canary, CanaryMember } from '#libs/pipeline'
import { currentTraceparent } from '#libs/platform'
import { DirectHeadDelivery, firstNumber, ServiceRuntime, signHeads, upcoming, type HeadToSign } from '#libs/service'
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
    const { releases, live } = openDossier(canary.dossier)
    const renewed = await this.numbered(tx, canary, policies ?? canary.members.map(({ policy }) => policy), canary.run)
    const heads = renewed.map((member): HeadToSign => {
      const release = releases.find(({ id }) => id === member.policy)!
      const head = { ...headOf(tx, canary, member), share: member.share, expires: canary.leaseUntil }
      // Before its time a release is only held: the cohort lives by what the canary stands on.
      const next = upcoming(release, tx.now)
      return { head, current: next === undefined ? release : (live[member.policy] ?? null), next }
    })
    return this.send(tx, canary, renewed, heads, fast)
  }

  /** Ends the canary for its readers: `current` is what it stands on, `null` for a first version. */
  async takeBack(tx: Transaction, canary: Canary): Promise<Canary> {
    const { live } = openDossier(canary.dossier)
    const ended = await this.numbered(
      tx,
      canary,
      canary.members.map(({ policy }) => policy),
      null,
    )
    const heads = ended.map((member) => ({ head: headOf(tx, canary, member), current: live[member.policy] ?? null }))
    return this.send(tx, canary, ended, heads, true)
  }

  /** Members with the number of their next head. `run`: which holds the policies from now on. */
  private async numbered(tx: Transaction, canary: Canary, policies: readonly string[], run: number | null): Promise<CanaryMember[]> {
    const members: CanaryMember[] = []
    for (const member of canary.members.filter(({ policy }) => policies.includes(policy)))
      members.push({ ...member, seq: await this.nextSeq(tx, canary, member, run) })
    return members
  }

  private async nextSeq(tx: Transaction, canary: Canary, member: CanaryMember, run: number | null): Promise<number> {
    const known = await tx.documents(CANARY_HEADS).get(headId({ policy: member.policy, scope: canary.scope }))
    const seq = (known?.seq ?? (await firstNumber(tx))) + 1
    await tx.documents(CANARY_HEADS).put({ policy: member.policy, scope: canary.scope, seq, run })
    return seq
  }

  private async send(tx: Transaction, canary: Canary, sent: CanaryMember[], said: HeadToSign[], fast: boolean): Promise<Canary> {
    const { key, run, attempt, causationId } = canary
    const heads = await signHeads(said, this.runtime.signer)
    await this.runtime.emit(tx, 'hms.head.issued.v1', heads, { key, run, attempt, causationId })
    const traceparent = currentTraceparent()
    if (fast) tx.afterCommit(() => this.carrier.deliverSoon(heads, traceparent))
    const numbers = new Map(sent.map((member) => [member.policy, member]))
    return { ...canary, members: canary.members.map((member) => numbers.get(member.policy) ?? member) }
  }
}

function headOf(tx: Transaction, { scope, run }: Canary, { policy, seq, base }: CanaryMember): HeadToSign['head'] {
  return { policy, scope, seq, base, issuedAt: tx.now.toISOString(), run }
}
