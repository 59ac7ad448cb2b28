import { openDossier, type ReceivedEvent, type ReleaseDocument, type RunDossier } from '#libs/contracts'
import { policyKey, type EventAnswer } from '#libs/messaging'
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
import { ServiceRuntime, startTimesOf } from '#libs/service'
import { FollowFreezes, originOf, StageShell } from '#libs/stage'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { RolloutConfig } from '../rollout.config.js'
import { stableOf } from '../stable/stable.table.js'
import { RolloutEffects } from './rollout-effects.js'
import { ROLLOUTS } from './rollout.table.js'

/** The stage: what it decides is in `decideRollout`, what only it can do in `RolloutEffects`. */
@Injectable()
export class RunRollout implements OnModuleInit {
  readonly shell: StageShell<Rollout, RolloutInput, RolloutEffect, RolloutTimer>
  readonly freezes: FollowFreezes<Rollout>

  constructor(
    runtime: ServiceRuntime,
    private readonly config: RolloutConfig,
    effects: RolloutEffects,
  ) {
    this.shell = new StageShell(runtime, {
      name: 'rollout',
      table: ROLLOUTS,
      isAbortable: true,
      attestedBy: ['lint', 'simulate', 'canary'],
      timers: ROLLOUT_TIMERS,
      decide: (rollout, input, now) =>
        decideRollout(rollout, input, { now, publishMs: config.publishMs, acknowledgeMs: config.acknowledgeMs }),
      keysOf,
      perform: (tx, rollout, effect) => effects.perform(tx, rollout, effect),
    })
    this.freezes = new FollowFreezes(runtime, {
      name: 'rollout',
      table: ROLLOUTS,
      states: ['waiting'],
      keysOf,
      scopeOf: () => 'global',
      tell: async (tx, { run, attempt, dossier }, frozen) =>
        this.shell.input(tx, run, { type: 'freezeChanged', stable: await stableReleases(tx, dossier), frozen }, { attempt }),
    })
  }

  onModuleInit(): void {
    this.shell.listen()
    this.freezes.listen()
  }

  open(tx: Transaction, dossier: RunDossier, cause: ReceivedEvent): Promise<EventAnswer> {
    const begins = startTimesOf(openDossier(dossier).releases, tx.now)
    const origin = { ...originOf(cause), dossier }
    const fresh = newRollout(dossier, origin, { quorum: this.config.quorumShare, begins })
    return this.shell.open(tx, { fresh, dossier, cause }, async () => {
      return { type: 'opened', stable: await stableReleases(tx, dossier), frozen: await this.freezes.against(tx, 'global') }
    })
  }
}

function keysOf({ members }: Rollout): string[] {
  return members.map(({ policy }) => policyKey(policy))
}

async function stableReleases(tx: Transaction, { releases }: RunDossier): Promise<Record<string, ReleaseDocument | null>> {
  const stable = await Promise.all(releases.map(async ({ id }) => [id, (await stableOf(tx, id))?.current ?? null] as const))
  return Object.fromEntries(stable)
}
