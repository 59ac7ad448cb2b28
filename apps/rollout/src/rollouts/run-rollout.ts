import { openDossier, type ReceivedEvent, type ReleaseDocument, type RunDossier } from '#libs/contracts'
import { policyKey, type HandlerResult } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import {
  decideRollout,
  newRollout,
  ROLLOUT_TIMERS,
  type Rollout,
  type RolloutEffect,
  type RolloutInput,
  type RolloutTimer,
} from '#libs/pipeline'
import { DirectHeadDelivery, ServiceRuntime, startTimesOf } from '#libs/service'
import { approvalRequirement, readRelease, unlessRefused, type Roster } from '#libs/signing'
import { FollowFreezes, originOf, StageShell, type Arrival } from '#libs/stage'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { refusalOf } from './judge-break-glass.js'
import { RolloutConfig } from '../rollout.config.js'
import { refusedOf } from '../stable/refused-releases.js'
import { StableMoves } from '../stable/stable-moves.js'
import { stableOf } from '../stable/stable.table.js'
import { RolloutEffects } from './rollout-effects.js'
import { ROLLOUTS } from './rollout.table.js'

/** Rollout stage: `decideRollout` decides, `RolloutEffects` executes. */
@Injectable()
export class RunRollout implements OnModuleInit {
  readonly shell: StageShell<Rollout, RolloutInput, RolloutEffect, RolloutTimer>
  readonly freezes: FollowFreezes<Rollout>
  readonly moves: StableMoves

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly config: RolloutConfig,
    headDelivery: DirectHeadDelivery,
  ) {
    this.moves = new StableMoves(
      runtime.database,
      runtime.outbox,
      runtime.timers,
      runtime.signals,
      runtime.signer,
      runtime.log,
      headDelivery,
      (tx, run, policy) => this.shell.input(tx, run, { type: 'overtaken', policies: [policy] }),
    )
    const effects = new RolloutEffects(runtime.rosters, runtime.outbox, runtime.log, this.moves)
    this.shell = new StageShell(runtime, {
      name: 'rollout',
      table: ROLLOUTS,
      skipsEndedRuns: true,
      attestedBy: ['lint', 'simulate', 'canary'],
      timers: ROLLOUT_TIMERS,
      decide: (rollout, input, now) =>
        decideRollout(rollout, input, {
          now,
          publishMs: config.publishMs,
          acknowledgeMs: config.acknowledgeMs,
          ...(input.type === 'decisionReceived' ? { leastBakeMs: leastBakeMs(rollout.dossier, runtime.roster) } : {}),
        }),
      keysOf,
      amend: (tx, rollout, effect) => effects.amend(tx, rollout, effect),
      perform: (tx, rollout, effect) => (effect.do === 'overtake' ? this.overtake(tx, rollout) : effects.perform(tx, rollout, effect)),
    })
    this.freezes = new FollowFreezes(runtime, {
      name: 'rollout',
      table: ROLLOUTS,
      states: ['waiting'],
      keysOf,
      scopesOf: () => ['global'],
      notify: async (tx, rollout, frozen) => {
        const { run, attempt, dossier } = rollout
        // Only an earlier version of the service let the stop switch block a break-glass run. The signed releases are judged again, because
        // they may have expired and keys may have been revoked.
        // guard: break-glass-after-stop
        const refusal = rollout.breakGlass === true ? await refusalOf(tx, dossier, runtime.roster) : undefined
        // guard: refused-after-freeze
        const begun: RolloutInput = refusal === undefined ? await this.begin(tx, rollout) : { type: 'refused', ...refusal }
        await this.shell.input(tx, run, begun.type === 'opened' ? { ...begun, type: 'freezeChanged', frozen } : begun, { attempt })
      },
    })
  }

  onModuleInit(): void {
    this.runtime.consumer.readAhead(ROLLOUTS)
    this.shell.listen()
    this.freezes.listen()
    this.moves.listen()
  }

  open(tx: Transaction, dossier: RunDossier, cause: ReceivedEvent): Promise<HandlerResult> {
    const fresh = this.newState(tx, dossier, cause)
    return this.shell.open(tx, { fresh, dossier, cause }, () => this.begin(tx, fresh))
  }

  /** Opens a break-glass rollout, which only lint has attested. */
  openBreakGlass(tx: Transaction, { dossier, cause }: Pick<Arrival<Rollout>, 'dossier' | 'cause'>): Promise<HandlerResult> {
    const fresh: Rollout = { ...this.newState(tx, dossier, cause), breakGlass: true }
    return this.shell.open(tx, { fresh, dossier, cause, attestedBy: ['lint'] }, async () => {
      const refusal = await refusalOf(tx, dossier, this.runtime.roster)
      return refusal === undefined ? this.begin(tx, fresh) : { type: 'refused', ...refusal }
    })
  }

  private newState(tx: Transaction, dossier: RunDossier, cause: Arrival<Rollout>['cause']): Rollout {
    const begins = startTimesOf(openDossier(dossier).releases, tx.now)
    return newRollout(dossier, { ...originOf(cause), dossier }, { quorum: this.config.quorumShare, begins })
  }

  private async begin(tx: Transaction, rollout: Rollout): Promise<RolloutInput> {
    const [refused, frozen, stable] = await Promise.all([
      refusedOf(tx, openDossier(rollout.dossier).releases, this.runtime.roster),
      this.freezes.against(tx, ['global']),
      stableReleases(tx, rollout.dossier),
    ])
    const [refusal] = refused.values()
    if (refusal !== undefined) return { type: 'refused', reason: 'READERS_REFUSE', detail: refusal.detail }
    return { type: 'opened', stable, frozen }
  }

  /** Ends other runs whose releases still bake and which this run replaces; those releases are not reverted first. */
  private async overtake(tx: Transaction, { run, members }: Rollout): Promise<void> {
    for (const { policy } of members) {
      const holder = (await stableOf(tx, policy))?.run ?? null
      if (holder !== null && holder !== run)
        await this.shell.input(tx, holder, { type: 'overtaken', policies: members.map((member) => member.policy) })
    }
  }
}

/** Returns the minimum bake time of these releases by the roster, in ms; infinite if no role of the roster may approve one of them. */
function leastBakeMs(dossier: RunDossier, roster: Roster): number {
  const bounds = openDossier(dossier).releases.flatMap(({ envelope }) =>
    unlessRefused(() => approvalRequirement(roster, readRelease(envelope).predicate).bounds, [{ minBakeMs: Infinity }]),
  )
  return Math.max(0, ...bounds.map(({ minBakeMs = 0 }) => minBakeMs))
}

function keysOf({ members }: Rollout): string[] {
  return members.map(({ policy }) => policyKey(policy))
}

async function stableReleases(tx: Transaction, { releases }: RunDossier): Promise<Record<string, ReleaseDocument | null>> {
  const stable = await Promise.all(releases.map(async ({ id }) => [id, (await stableOf(tx, id))?.current ?? null] as const))
  return Object.fromEntries(stable)
}
