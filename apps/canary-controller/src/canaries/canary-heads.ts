import { openDossier } from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { headsOf, scopesWithHeads, withHeads, type Canary, type ScopedMember } from '#libs/pipeline'
import { currentTraceparent } from '#libs/platform'
import { ALL_COUNTERS, type CounterAdvance, DirectHeadDelivery, firstNumber, type HeadToSign, signHeads, upcoming } from '#libs/service'
import { Signer } from '#libs/signing'
import { optionsOf } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { CANARY_HEADS, headId } from './canary.table.js'

/** Signs the heads of a canary: to publish it, to renew its lease, to roll it back. */
@Injectable()
export class CanaryHeads {
  constructor(
    private readonly outbox: Outbox,
    private readonly signer: Signer,
    private readonly carrier: DirectHeadDelivery,
  ) {}

  /** Issues heads with new numbers: of `policies` in this step, or all. `fast`: also posts them to the config-stores, beside the bus. */
  issue(tx: Transaction, canary: Canary, { fast, policies }: { fast: boolean; policies?: readonly string[] }): Promise<Canary> {
    const { releases, live } = openDossier(canary.dossier)
    const chosen = headsOf(canary).filter(
      (head) => policies === undefined || (head.scope === canary.scope && policies.includes(head.policy)),
    )
    return this.inEachScope(canary, chosen, async (state, heads) => {
      const renewed = await this.numbered(tx, heads, canary.run)
      const toSign = renewed.map((member): HeadToSign => {
        const release = releases.find(({ id }) => id === member.policy)!
        const head = { ...headOf(tx, canary, member), share: member.share, expires: canary.leaseUntil }
        // Before its effective time the release is only held by readers: the cohort uses the canary's base until then.
        const next = upcoming(release, tx.now)
        return { head, current: next === undefined ? release : (live[member.policy] ?? null), next }
      })
      return this.send(tx, state, renewed, toSign, fast)
    })
  }

  /** Ends the canary for its readers with heads whose `current` is the canary's base, `null` for a first version. */
  takeBack(tx: Transaction, canary: Canary): Promise<Canary> {
    const { live } = openDossier(canary.dossier)
    return this.inEachScope(canary, headsOf(canary), async (state, heads) => {
      const ended = await this.numbered(tx, heads, null)
      const toSign = ended.map((member) => ({ head: headOf(tx, canary, member), current: live[member.policy] ?? null }))
      return this.send(tx, state, ended, toSign, true)
    })
  }

  /** Runs `work` for the heads of each scope: each scope gets its own message, so that no scope waits for another. */
  private async inEachScope(
    canary: Canary,
    heads: readonly ScopedMember[],
    work: (state: Canary, heads: ScopedMember[]) => Promise<Canary>,
  ): Promise<Canary> {
    let state = canary
    for (const scope of scopesWithHeads(canary)) {
      const mine = heads.filter((head) => head.scope === scope)
      if (mine.length > 0) state = await work(state, mine)
    }
    return state
  }

  /** Assigns the next number to each head. `run`: the run that owns the policies from now on. */
  private async numbered(tx: Transaction, heads: readonly ScopedMember[], run: number | null): Promise<ScopedMember[]> {
    const numbered: ScopedMember[] = []
    for (const head of heads) {
      const { policy, scope } = head
      const known = await tx.documents(CANARY_HEADS).get(headId(head))
      const seq = (known?.seq ?? (await firstNumber(tx))) + 1
      await tx.documents(CANARY_HEADS).put({ policy, scope, seq, run })
      numbered.push({ ...head, seq })
    }
    return numbered
  }

  private async send(tx: Transaction, canary: Canary, sent: ScopedMember[], toSign: HeadToSign[], fast: boolean): Promise<Canary> {
    const heads = await signHeads(toSign, this.signer)
    await this.outbox.emit(tx, 'hms.head.issued.v1', heads, optionsOf(canary))
    const traceparent = currentTraceparent()
    if (fast) tx.afterCommit(() => this.carrier.deliverSoon(heads, traceparent))
    return withHeads(canary, sent)
  }
}

function headOf(tx: Transaction, { run, cohortKey }: Canary, { policy, scope, seq, base, baseSeq }: ScopedMember): HeadToSign['head'] {
  return { policy, scope, seq, base, baseSeq, cohortKey, issuedAt: tx.now.toISOString(), run }
}

/** Advances the numbers of canary heads above those that their cohorts saw. Issues no head: the leases expired long ago. */
export async function advanceCanaryCounters({ tx, by }: CounterAdvance): Promise<void> {
  for (const head of await tx.documents(CANARY_HEADS).find({ limit: ALL_COUNTERS }))
    await tx.documents(CANARY_HEADS).put({ ...head, seq: head.seq + by })
}
