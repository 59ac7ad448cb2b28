import { openDossier, type EventData, type FreezeNotice, type LoggedApproval, type ReceivedEvent } from '#libs/contracts'
import type { HandlerResult } from '#libs/messaging'
import { findAll, type Transaction } from '#libs/persistence'
import {
  CANARY_TIMERS,
  decideCanary,
  isEvidenceRequired,
  newCanary,
  freezableScopes,
  scopesWithHeads,
  type Canary,
  type CanaryEffect,
  type CanaryInput,
  type CanaryTimer,
} from '#libs/pipeline'
import { ServiceRuntime, startTimesOf } from '#libs/service'
import { FollowFreezes, originOf, ReleaseProofs, StageShell } from '#libs/stage'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { CanaryControllerConfig } from '../canary-controller.config.js'
import { Prometheus } from '../metrics/prometheus.js'
import { RegionQueue } from './region-queue.js'
import { CanaryEffects } from './canary-effects.js'
import { CANARIES, keysOf } from './canary.table.js'

/** States in which a freeze blocks a canary. */
const FREEZABLE = ['proving', 'waiting', 'publishing', 'observing', 'growing', 'paused'] as const satisfies readonly Canary['state'][]
/** States in which the canary of an earlier run of the same policy may still be. */
const OPEN = [...FREEZABLE, 'passed', 'baking'] as const satisfies readonly Canary['state'][]

/** Canary stage: `decideCanary` decides, `CanaryEffects` executes. */
@Injectable()
export class RunCanary implements OnModuleInit {
  readonly shell: StageShell<Canary, CanaryInput, CanaryEffect, CanaryTimer>
  readonly freezes: FollowFreezes<Canary>

  constructor(
    private readonly runtime: ServiceRuntime,
    { acknowledgeMs, leaseMs, measureMs, rules }: CanaryControllerConfig,
    effects: CanaryEffects,
    private readonly proofs: ReleaseProofs,
    private readonly regions: RegionQueue,
    private readonly prometheus: Prometheus,
  ) {
    this.shell = new StageShell(runtime, {
      name: 'canary',
      table: CANARIES,
      skipsEndedRuns: true,
      attestedBy: ['lint', 'simulate'],
      timers: CANARY_TIMERS,
      decide: (canary, input, now) => {
        const evidence = isEvidenceRequired(runtime.profile, canary.dossier.plan) ? 'required' : 'optional'
        return decideCanary(canary, input, { now, acknowledgeMs, leaseMs, measureMs, evidence, rules })
      },
      keysOf,
      perform: (tx, canary, effect) => effects.perform(tx, canary, effect),
    })
    this.freezes = new FollowFreezes(runtime, {
      name: 'canary',
      table: CANARIES,
      states: FREEZABLE,
      keysOf,
      scopesOf: freezableScopes,
      notify: async (tx, canary, frozen) => {
        const { run, attempt } = canary
        await this.shell.input(tx, run, { type: 'freezeChanged', frozen, behind: await this.regions.holderFor(tx, canary) }, { attempt })
      },
    })
  }

  onModuleInit(): void {
    this.runtime.consumer.readAhead(CANARIES)
    this.shell.listen({ measure: (canary) => this.measure(canary) })
    this.shell.onDue('grow', (tx, run) => this.onGrowthDue(tx, run))
    this.freezes.listen()
    this.regions.listen(async (tx, canary, behind) => {
      const { run, attempt } = canary
      await this.shell.input(tx, run, { type: 'regionFreed', behind, frozen: await this.frozen(tx, canary) }, { attempt })
    })
  }

  open(tx: Transaction, { dossier, scenarios, load }: EventData['hms.simulation.passed.v1'], cause: ReceivedEvent): Promise<HandlerResult> {
    const begins = startTimesOf(openDossier(dossier).releases, tx.now)
    const origin = { ...originOf(cause), dossier, scenarios }
    const fresh = newCanary(dossier, origin, { now: tx.now, begins, load })
    return this.shell.open(tx, { fresh, dossier, cause }, async () => {
      await this.endEarlier(tx, fresh) // guard: canary-one-run
      const [known, frozen] = await Promise.all([this.proofs.attach(tx, dossier), this.frozen(tx, fresh)])
      const behind = await this.regions.holderFor(tx, fresh)
      return { type: 'opened', dossier: known, isProven: this.proofs.areComplete(known), frozen, behind }
    })
  }

  /** Returns the freeze that blocks the first head, as stored: a scheduled freeze takes effect before its timer notifies the run. */
  private frozen(tx: Transaction, canary: Canary): Promise<FreezeNotice | null> {
    return this.freezes.against(tx, scopesWithHeads(canary))
  }

  /** Handles a due growth timer, with the policies locked. Whether the canary grows depends on its current state. */
  private async onGrowthDue(tx: Transaction, { run, attempt }: { run: number; attempt: number }): Promise<void> {
    const canary = await tx.documents(CANARIES).get(String(run))
    if (canary?.attempt !== attempt) return
    await this.shell.input(tx, run, { type: 'mayGrow', frozen: await this.freezes.against(tx, freezableScopes(canary)) }, { attempt })
  }

  private async measure({ state, dossier }: Canary): Promise<CanaryInput | undefined> {
    return state === 'observing' ? { type: 'measured', samples: await this.prometheus.ask(dossier.plan.metrics ?? []) } : undefined
  }

  /** Ends canaries of earlier runs with these policies: a policy has one run at a time, and the earlier run's end may arrive later. */
  private async endEarlier(tx: Transaction, { run, members }: Canary): Promise<void> {
    const policies = new Set(members.map(({ policy }) => policy))
    for (const earlier of await findAll(tx, CANARIES, { state: [...OPEN] })) {
      const shared = earlier.run === run ? undefined : earlier.members.find(({ policy }) => policies.has(policy))
      if (shared === undefined) continue
      const reason = `run #${run} has ${shared.policy} now`
      await this.shell.input(tx, earlier.run, { type: 'ended', attempt: earlier.attempt, reason })
    }
  }

  /** Handles an approval proven by the log. It may arrive before the run was simulated, or be what a canary waits for. */
  async proven(tx: Transaction, approval: LoggedApproval): Promise<void> {
    await this.proofs.store(tx, approval)
    const proven = new Set(approval.releases.map(({ digest }) => digest))
    for (const { run, members } of await findAll(tx, CANARIES, { state: 'proving' })) {
      if (!members.some((member) => proven.has(member.release))) continue
      await this.shell.locked(tx, run, async (canary) => {
        const dossier = await this.proofs.attach(tx, canary.dossier)
        const behind = await this.regions.holderFor(tx, canary)
        const frozen = await this.frozen(tx, canary) // guard: freeze-before-proof
        await this.shell.decide(tx, canary, { type: 'proven', dossier, isProven: this.proofs.areComplete(dossier), frozen, behind })
      })
    }
  }
}
