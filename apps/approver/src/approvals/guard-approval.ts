import type { HmsError } from '#libs/contracts'
import { guard, judgeReleases, principalOf, refusalOf } from '#libs/guard'
import { Outbox } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { emitVerdict, Rosters } from '#libs/service'
import { Signer } from '#libs/signing'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { isRollback, type Approval } from '../runs/approval.table.js'
import { liveReleases } from '../policies/stored-heads.js'
import { RulesInForce } from '../policies/rules-in-force.js'

const TOPIC = 'hms.approval.v1'

/** Judges whether a signature may count, by the guard rules in force and by `AUTHORITY` of libs/guard. */
@Injectable()
export class GuardApproval implements OnModuleInit {
  constructor(
    private readonly rosters: Rosters,
    private readonly outbox: Outbox,
    private readonly signer: Signer,
    private readonly rules: RulesInForce,
  ) {}

  onModuleInit(): void {
    guard.warmUp()
  }

  /**
   * Returns the error that refuses this signature, or `undefined`. The error is not thrown, because `tx` must commit the event of the
   * verdict, but not the signature. `personName`: display name of a person whose signatures were verified.
   */
  async execute(tx: Transaction, approval: Approval, personName: string): Promise<HmsError | undefined> {
    const roster = this.rosters.newest
    const principal = principalOf(roster, roster.principalByName(personName)!)
    const { releases, storedHeads } = approval
    const live = await liveReleases(
      tx,
      releases.map(({ id }) => id),
      storedHeads,
    )
    const action = isRollback(approval) ? ('rollback' as const) : ('approve' as const)
    const request = { action, principal, releases, live, rules: await this.rules.of(tx) }
    const verdict = judgeReleases(guard, roster, request)
    if (verdict.verdict === 'PASS') return undefined
    const run = approval.run ?? undefined
    await emitVerdict(this.outbox, this.signer, tx, verdict, request, { key: releases[0]!.id, run, topic: TOPIC })
    if (verdict.verdict === 'WARN') return undefined
    return refusalOf(verdict, request)
  }
}
