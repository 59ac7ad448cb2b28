import { command, type ScenarioRule, type WhatIf } from '#libs/contracts'
import { Database, type Transaction } from '#libs/persistence'
import { emptyScore, lackOf, type JudgedScore, type SkippedScenario } from '#libs/pipeline'
import { describeError, TransientError } from '#libs/platform'
import type { Scenario } from '#libs/scenario'
import { Rosters } from '#libs/service'
import { Inject, Injectable } from '@nestjs/common'
import { BOTS, MAX_BOTS, type RegisteredBot } from '../bots/bot.table.js'
import { CORPORA, type RegisteredCorpus } from '../corpora/corpus.table.js'
import { Readings } from '../corpora/readings.js'
import { IN_FORCE, type RecordedHead } from '../in-force/in-force.table.js'
import { ReplayError } from '../replay/replay-error.js'
import type { OnProgress, ReplayRunner } from '../replay/replay-runner.js'
import type { ReplayReport } from '../replay/report.js'
import type { ScenarioInputs } from '../replay/scenario-inputs.js'
import { scoreReplay } from '../replay/score.js'
import { SCENARIOS } from '../scenarios/scenario.table.js'
import { besideOf, isFirstVersion, type KnownPolicies, type PoliciesOfRun, rulesOfRun, scenariosOf } from '../scenarios/policies-of-run.js'
import { inputsOf } from './replay-inputs.js'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { PolicyDocument } from '#libs/policy'
import { type Roster, orRefusal, SignatureError, STABLE_SCOPE, type VerifiedHead, verifyHead } from '#libs/signing'

export const REPLAY_RUNNER = Symbol('ReplayRunner')

/** Outcome of a replay. A `failure` is unrelated to any bot: the replay itself gave no report. */
export type ReplayOutcome =
  | (JudgedScore & { report: ReplayReport | null; rules: ScenarioRule[]; inputs: ScenarioInputs[]; whatIf?: WhatIf | undefined })
  | { failure: ReplayFailure }

export interface ReplayFailure {
  reason: 'DEADLINE' | 'REPLAY_FAILED'
  detail: string
}

export interface Registered {
  bots: RegisteredBot[]
  scenarios: Scenario[]
  corpora: RegisteredCorpus[]
  /** Heads of the other policies that bots declare or scenarios name, up to and including the one that exceeds `MAX_IN_FORCE_BYTES`. */
  heads: RecordedHead[]
  now: Date
}

/** Replays a run's policies with the registered bots, scenarios, corpora and other policies in force, outside any transaction. */
@Injectable()
export class ReplayRun {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly readings: Readings,
    @Inject(REPLAY_RUNNER) private readonly runner: ReplayRunner,
  ) {}

  /**
   * Replays a run. `trialOf`: registrations that a trial has read already; a trial also tries other values. Rejects with `TransientError`
   * if the same replay may succeed later, or with the signal's reason once aborted.
   */
  async execute(run: PoliciesOfRun, signal: AbortSignal, onProgress?: OnProgress, trialOf?: Registered): Promise<ReplayOutcome> {
    try {
      const { bots, scenarios, heads, now } = trialOf ?? (await this.registered(run))
      const policies = { ...run, beside: await policiesInForce(heads, this.rosters.newest, now) }
      const { rules, incomplete } = rulesOfRun(scenarios, policies)
      const { inputs, skipped } = await this.inputs(policies, scenarios, incomplete, signal)
      const lack = lackOf(bots.length, scenarios.length, skipped)
      if (lack !== undefined) return { score: emptyScore(lack.sentence, isFirstVersion(run)), report: null, rules, skipped, lack, inputs }
      const replayed = { scenarios: inputs, beside: policies.beside, triesOthers: trialOf !== undefined }
      const task = { bots: bots.map(({ id, source }) => ({ id, source })), ...replayed }
      const { report, ...other } = await this.runner.replay(task, signal, onProgress)
      const critical = bots.filter((bot) => bot.critical).map((bot) => bot.id)
      return { score: scoreReplay(report, { critical }), report, rules, skipped, inputs, ...other }
    } catch (error) {
      if (error instanceof NotInForceError) return { failure: { reason: 'REPLAY_FAILED', detail: error.message } }
      if (!(error instanceof ReplayError) || signal.aborted) throw error
      // A replay that took too long, or that failed by itself, would fail again.
      if (error.code === 'HMS_REPLAY_DEADLINE') return { failure: { reason: 'DEADLINE', detail: error.message } }
      if (!error.retryable) return { failure: { reason: 'REPLAY_FAILED', detail: error.message } }
      throw new TransientError(describeError(error), { cause: error })
    }
  }

  /** Reads the registrations for a run. All bots, because only running a bot reveals that it reads a policy without declaring it. */
  registered(run: PoliciesOfRun): Promise<Registered> {
    return this.database.transaction(async (tx) => {
      const bots = await tx.documents(BOTS).find({ limit: MAX_BOTS })
      const entries = await tx.documents(SCENARIOS).find()
      const scenarios = scenariosOf(
        run,
        entries.map((entry) => entry.scenario),
      )
      const used = new Set([...bots, ...scenarios].flatMap(({ policies }) => policies))
      const heads = await recordedHeads(tx, [...used].filter((id) => !Object.hasOwn(run.after, id)).sort())
      return { bots, scenarios, corpora: await tx.documents(CORPORA).find(), heads, now: tx.now }
    })
  }

  private async inputs(
    policies: KnownPolicies,
    scenarios: Scenario[],
    incomplete: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<{ inputs: ScenarioInputs[]; skipped: SkippedScenario[] }> {
    const inputs: ScenarioInputs[] = []
    const skipped: SkippedScenario[] = []
    for (const scenario of scenarios) {
      if (incomplete.has(scenario.id)) {
        skipped.push(skipTooLarge(scenario, policies))
        continue
      }
      const corpus = await this.readings.get(scenario.corpus)
      const prepared = await inputsOf(scenario, corpus?.readings, policies, signal)
      if ('why' in prepared) skipped.push(prepared)
      else inputs.push({ ...prepared, rule: { alert: scenario.alert, corpus: scenario.corpus, digest: corpus!.digest } })
    }
    return { inputs, skipped }
  }
}

/** Skips a scenario whose values of other policies do not fit into an event: the canary would judge alerts without them. */
function skipTooLarge(scenario: Scenario, policies: KnownPolicies): SkippedScenario {
  const why = `it reads more of ${Object.keys(besideOf(scenario, policies)).join(', ')} than the events of a run can carry`
  return { scenario: scenario.id, why, next: command('scenarios.add'), incompatible: true }
}

/** Maximum bytes of policies that bots and scenarios use besides those of a run, signatures and base64 included. */
const MAX_IN_FORCE_BYTES = 32 * 1024 * 1024

/** Error for policies in force that are too large together or do not verify. It is unrelated to any bot. */
class NotInForceError extends Error {
  override readonly name = 'NotInForceError'
}

/** Returns the stable heads of these policies, as far as they exist. Stops after the one that exceeds `MAX_IN_FORCE_BYTES`. */
async function recordedHeads(tx: Transaction, ids: Iterable<string>): Promise<RecordedHead[]> {
  const heads: RecordedHead[] = []
  let bytes = 0
  for (const id of ids) {
    const recorded = await tx.documents(IN_FORCE).get(id)
    if (recorded === undefined) continue
    heads.push(recorded)
    if ((bytes += bytesOf(recorded)) > MAX_IN_FORCE_BYTES) break
  }
  return heads
}

const bytesOf = (recorded: RecordedHead): number => JSON.stringify(recorded).length

/**
 * Returns the policies that these heads put in force at `now`, by id. Each head is verified as a reader verifies it; throws
 * `NotInForceError` for a head that does not verify, and beyond `MAX_IN_FORCE_BYTES`.
 */
async function policiesInForce(heads: readonly RecordedHead[], roster: Roster, now: Date): Promise<Record<string, PolicyDocument>> {
  const policies: Record<string, PolicyDocument> = {}
  if (heads.reduce((sum, recorded) => sum + bytesOf(recorded), 0) > MAX_IN_FORCE_BYTES)
    throw new NotInForceError(`bots and scenarios use other policies of more than ${MAX_IN_FORCE_BYTES / 1024 / 1024} MiB in all`)
  for (const recorded of heads) {
    // Verifying a head takes some milliseconds: a process that serves requests must not verify hundreds without yielding.
    await nextTurn()
    const { next, release } = verified(recorded, roster)
    const inForce = next !== null && next.atMs <= now.getTime() ? next.release : release
    if (inForce !== null) policies[recorded.id] = inForce.predicate.policy as PolicyDocument
  }
  return policies
}

function verified({ id, head, release, proof, next }: RecordedHead, roster: Roster): VerifiedHead {
  const found = orRefusal(() => verifyHead({ head, release, proof, next: next ?? null }, roster))
  if (found instanceof SignatureError)
    throw new NotInForceError(`what config-store recorded as ${id} in force does not verify: ${found.detail} (${found.code})`)
  if (found.head.policy === id && found.head.scope === STABLE_SCOPE) return found
  throw new NotInForceError(`what config-store recorded as ${id} in force is the head of another policy or scope`)
}
