import { action, command, HmsError, peekPredicate, type Envelope } from '#libs/contracts'
import type { JsonObject, ReplayProgress, Trial, TrialStatement } from '#libs/contracts'
import { judgeSimulation } from '#libs/pipeline'
import { Slots, TransientError } from '#libs/platform'
import { parsePolicy, type PolicyDocument } from '#libs/policy'
import { ServiceRuntime } from '#libs/service'
import { digestOf, digestOfJson, digestOfPayload, MAX_PERIOD_TEXT, signTrial, trialPolicies, type HeadPredicate } from '#libs/signing'
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common'
import { Readings } from '../corpora/readings.js'
import { placesOf } from '../replay/places.js'
import type { ReplayRunner } from '../replay/replay-runner.js'
import { encodeReport } from '../replay/report.js'
import type { ScenarioInputs } from '../replay/scenario-inputs.js'
import type { PoliciesOfRun } from '../scenarios/policies-of-run.js'
import { ReplayRun, type Registered, type ReplayOutcome } from './replay-run.js'
import { SharedTrials } from './shared-trials.js'
import type { TrialRequestDto } from './trial.dto.js'

export const TRIAL_RUNNER = Symbol('TrialRunner')

/** Timeouts in ms of the replay, and of the trial, which also reads corpora: shorter than any caller's, edge included. */
export const TRIAL_REPLAY_MS = 45_000
const TRIAL_MS = 50_000

/** Replays unapproved policies, storing nothing, one at a time per process, separate from runs' replays. Equal requests share a trial. */
@Injectable()
export class TryPolicies implements OnApplicationShutdown {
  private readonly slots = new Slots(1, 'trial')
  private readonly stopping = new AbortController()
  private readonly replayRun = new ReplayRun(this.runtime.database, this.runtime.rosters, this.readings, this.runner)
  private readonly shared = new SharedTrials(this.runtime.clock)
  progress: ReplayProgress | undefined

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly readings: Readings,
    @Inject(TRIAL_RUNNER) private readonly runner: ReplayRunner,
  ) {}

  /**
   * Runs or joins a trial of the same policies and registrations; aborts it when all callers are `disconnected`. Throws 503
   * `HMS_PLACES_TAKEN` while another runs, 503 `HMS_TRIAL_INTERRUPTED` if the worker was lost, 422 `HMS_TRIAL_POLICY` for invalid policies.
   */
  async execute({ policies, live = [] }: TrialRequestDto, disconnected = new AbortController().signal): Promise<Trial> {
    const before = documentsOf(live, 'live')
    const given = documentsOf(policies, 'policies')
    const run = { before, after: { ...before, ...given }, changed: Object.keys(given) }
    const policiesDigest = digestOfJson([before, given])
    // Takes and releases the slot: while another trial runs, this throws before the costly read of the registrations.
    if (!this.shared.has(policiesDigest)) this.slots.take()()
    const registered = await this.replayRun.registered(run)
    const id = `${policiesDigest} ${fingerprintOf(registered, this.runtime.rosters.newest.version)}`
    return this.shared.execute(id, disconnected, (unwanted) => {
      const releaseSlot = this.slots.take()
      return this.replay(run, registered, unwanted).finally(releaseSlot)
    })
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort()
    await this.runner.close()
  }

  private async replay(run: PoliciesOfRun, registered: Registered, unwanted: AbortSignal): Promise<Trial> {
    const overdue = new AbortController()
    const cancel = this.runtime.clock.after(TRIAL_MS, () => overdue.abort())
    try {
      const signal = AbortSignal.any([overdue.signal, this.stopping.signal, unwanted])
      const outcome = await this.replayRun.execute(run, signal, (progress) => (this.progress = progress), registered)
      return await this.trialWithCounts(run, outcome)
    } catch (error) {
      if (overdue.signal.aborted)
        return trialOf({ failure: { reason: 'DEADLINE', detail: `the trial did not end within ${TRIAL_MS / 1_000} s` } })
      if (!this.stopping.signal.aborted && !unwanted.aborted && !(error instanceof TransientError)) throw error
      throw new HmsError('HMS_TRIAL_INTERRUPTED', 'The trial was interrupted; try again.', { status: 503, cause: error })
    } finally {
      cancel()
      this.progress = undefined
    }
  }

  /** Returns the trial of an outcome; with a report, it has the signed counts, and the places and values that a page shows beside them. */
  private async trialWithCounts(run: PoliciesOfRun, outcome: ReplayOutcome): Promise<Trial> {
    const trial = trialOf(outcome)
    if ('failure' in outcome || trial.reportDigest === null) return trial
    const { inputs, whatIf } = outcome
    const statement = await signTrial(statementOf(run, trial, inputs, this.runtime.clock.now()), this.runtime.signer)
    const places = placesOf(inputs)
    return { ...trial, statement, ...(places.length === 0 ? {} : { places }), ...(whatIf === undefined ? {} : { whatIf }) }
  }
}

/** Returns the digest of all that a replay uses besides the policies of the request. */
function fingerprintOf({ bots, scenarios, corpora, heads, now }: Registered, rosterVersion: number): string {
  const isNextInForce = (head: Envelope): boolean => Date.parse(peekPredicate<HeadPredicate>(head).next?.at ?? '') <= now.getTime()
  const programs = bots.map(({ id, digest, critical }) => [id, digest, critical])
  const readings = corpora.map(({ id, digest }) => [id, digest])
  const beside = heads.map(({ id, head }) => [id, digestOfPayload(head), isNextInForce(head)])
  return digestOfJson([programs, scenarios, readings, beside, rosterVersion])
}

function statementOf(run: PoliciesOfRun, { impact, reportDigest }: Trial, inputs: readonly ScenarioInputs[], now: Date): TrialStatement {
  const corpora = new Map(inputs.map(({ scenario, rule }) => [scenario, rule!.corpus]))
  const scenarios = impact!.scenarios.map(
    ({ scenario, readings, before, after, newlyViolating, newlyCompliant, from, to, lost, unjudged }) => {
      const turned = { newlyViolating: newlyViolating.count, newlyCompliant: newlyCompliant.count }
      const period = { from: from.slice(0, MAX_PERIOD_TEXT), to: to.slice(0, MAX_PERIOD_TEXT) }
      const leftOut = { ...(lost ? { lost } : {}), ...(unjudged ? { unjudged } : {}) }
      return { scenario, corpus: corpora.get(scenario)!, readings, before, after, ...turned, ...leftOut, ...period }
    },
  )
  return {
    policies: trialPolicies({ policies: run.changed.map((id) => run.after[id]!), live: Object.values(run.before) }),
    corpora: [...new Map(inputs.map(({ rule }) => [rule!.corpus, rule!.digest]))].map(([corpus, digest]) => ({ corpus, digest })),
    reportDigest: reportDigest!,
    scenarios,
    at: now.toISOString(),
  }
}

/** Converts an outcome to a trial. Without a report it is INCONCLUSIVE: the reason is unrelated to any bot, and a run has more time. */
function trialOf(outcome: ReplayOutcome): Trial {
  if ('failure' in outcome) {
    const { reason, detail } = outcome.failure
    const noReport = { score: null, skipped: [], reportDigest: null, impact: null }
    return { verdict: 'INCONCLUSIVE', reason, detail, next: [command('bots.list')], ...noReport }
  }
  const { score, skipped, report } = outcome
  const judged = judgeSimulation(outcome, 'required')
  const reportDigest = report === null ? null : digestOf(encodeReport(report))
  const { adapted, applicable, percent, discriminating, boundary, firstVersion, bots } = score
  const counted = {
    score: { adapted, applicable, percent, discriminating, boundary, firstVersion, bots },
    skipped,
    reportDigest,
    impact: report?.impact ?? null,
    ...(report === null ? {} : { beside: report.beside }),
  }
  if (judged.do === 'pass') return { verdict: 'PASS', detail: judged.summary, next: [], ...counted }
  const { reason, detail, next } = judged
  return { verdict: judged.do === 'fail' ? 'FAIL' : 'INCONCLUSIVE', reason, detail, next, ...counted }
}

/** Indexes the documents by id, which must be unique. */
function documentsOf(given: readonly JsonObject[], name: string): Record<string, PolicyDocument> {
  const documents: Record<string, PolicyDocument> = {}
  for (const [index, policy] of given.entries()) {
    const file = `${name}[${index}]`
    const parsed = parsePolicy(JSON.stringify(policy), file)
    if (!parsed.ok) throw refusal(`${file}: ${parsed.findings[0]!.message}`)
    const { id } = parsed.source.policy
    if (Object.hasOwn(documents, id)) throw refusal(`${file}: ${id} is given twice`)
    documents[id] = parsed.source.policy
  }
  return documents
}

function refusal(detail: string): HmsError {
  return new HmsError('HMS_TRIAL_POLICY', detail, { status: 422, next: [action('lint')] })
}
