import type { ReceivedEvent, RunDossier } from '#libs/contracts'
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
import { originOf, StageShell } from '#libs/stage'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { RolloutConfig } from '../rollout.config.js'
import { stableOf } from '../stable/stable.table.js'
import { RolloutEffects } from './rollout-effects.js'
import { ROLLOUTS } from './rollout.table.js'

/** The stage: what it decides is in `decideRollout`, what only it can do in `RolloutEffects`. */
@Injectable()
export class RunRollout implements OnModuleInit {
  readonly shell: StageShell<Rollout, RolloutInput, RolloutEffect, RolloutTimer>

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
      keysOf: ({ members }) => members.map(({ policy }) => policyKey(policy)),
      perform: (tx, rollout, effect) => effects.perform(tx, rollout, effect),
    })
  }

  onModuleInit(): void {
    this.shell.listen()
  }

  open(tx: Transaction, dossier: RunDossier, cause: ReceivedEvent): Promise<EventAnswer> {
    const begins = startTimesOf(dossier.releases, tx.now)
    const origin = { ...originOf(cause), dossier }
    const fresh = newRollout(dossier, origin, { quorum: this.config.quorumShare, begins })
    return this.shell.open(tx, { fresh, dossier, cause }, async () => {
      const stable = await Promise.all(dossier.releases.map(async ({ id }) => [id, (await stableOf(tx, id))?.current ?? null] as const))
      return { type: 'opened', stable: Object.fromEntries(stable) }
    })
  }
}
