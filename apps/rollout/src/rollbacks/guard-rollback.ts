import type { HmsError, ReleaseDocument } from '#libs/contracts'
import { guard, judgeReleases, principalOf, refusalOf, type GuardPrincipal } from '#libs/guard'
import { Outbox } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { Clock, Logger } from '#libs/platform'
import { emitVerdict, KnownRules, Rosters, type Actor } from '#libs/service'
import { Signer, type Roster } from '#libs/signing'
import { withProof } from '#libs/stage'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { asOf, STABLES, type Stable } from '../stable/stable.table.js'

const TOPIC = 'hms.rollout.v1'

/** Evaluates the guard rules in force and the built-in authority before a rollback. */
@Injectable()
export class GuardRollback implements OnModuleInit {
  private readonly rules: KnownRules<Stable>

  constructor(
    private readonly rosters: Rosters,
    private readonly outbox: Outbox,
    private readonly signer: Signer,
    clock: Clock,
    log: Logger,
  ) {
    this.rules = new KnownRules(
      STABLES,
      (stable, now) => ({ id: stable.policy, seq: stable.seq, live: asOf(stable, now).current, held: stable.next?.release ?? null }),
      { clock, log, name: 'rollout' },
    )
  }

  onModuleInit(): void {
    guard.warmUp()
  }

  /** Returns the guard's refusal; not thrown, because `tx` must commit the guard's verdict without the rollback. */
  async execute(tx: Transaction, reversals: { stable: Stable; to: ReleaseDocument }[], by: Actor): Promise<HmsError | undefined> {
    const roster = this.rosters.newest
    const releases = reversals.map(({ to }) => to)
    const live = Object.fromEntries(reversals.map(({ stable }) => [stable.policy, stable.current]))
    const rules = await Promise.all((await this.rules.live(tx)).map((release) => withProof(tx, release)))
    const request = { action: 'rollback' as const, principal: principalOfCaller(roster, by), releases, live, rules }
    const verdict = judgeReleases(guard, roster, request)
    if (verdict.verdict === 'PASS') return undefined
    await emitVerdict(this.outbox, this.signer, tx, verdict, request, { key: releases[0]!.id, topic: TOPIC })
    if (verdict.verdict === 'WARN') return undefined
    return refusalOf(verdict, request)
  }
}

/** Returns the caller as a principal. A caller outside the roster is a program, authorised by its scope. */
function principalOfCaller(roster: Roster, { id, name, kind }: { id: string; name: string; kind: string }): GuardPrincipal {
  if (kind === 'person' || kind === 'operator') return principalOf(roster, { id, name, kind })
  return { kind: 'program', id, name, roles: ['operate'] }
}
