import { action, command, HmsError, type JsonObject, type ReplayProgress, type Trial } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { judgeSimulation } from '#libs/pipeline'
import { Clock, Slots, TransientError } from '#libs/platform'
import { parsePolicy, type PolicyDocument } from '#libs/policy'
import { Rosters } from '#libs/service'
import { digestOf } from '#libs/signing'
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common'
import { Readings } from '../corpora/readings.js'
import type { ReplayRunner } from '../replay/replay-runner.js'
import { encodeReport } from '../replay/report.js'
import type { PoliciesOfRun } from '../scenarios/policies-of-run.js'
import { ReplayRun, type ReplayOutcome } from './replay-run.js'
import type { TrialRequestDto } from './trial.dto.js'

export const TRIAL_RUNNER = Symbol('TrialRunner')

/**
 * Timeouts in ms: of the replay, and of the whole trial, which also reads the corpora. Both are shorter than the timeout of any caller,
 * edge included.
 */
export const TRIAL_REPLAY_MS = 45_000
const TRIAL_MS = 50_000

/** Replays unapproved policies without storing anything. One at a time in this process, separate from the replays of runs. */
@Injectable()
export class TryPolicies implements OnApplicationShutdown {
  private readonly slots = new Slots(1, 'trial')
  private readonly stopping = new AbortController()
  private readonly replayRun: ReplayRun
  /** Progress of the running trial. */
  progress: ReplayProgress | undefined

  constructor(
    database: Database,
    rosters: Rosters,
    private readonly clock: Clock,
    readings: Readings,
    @Inject(TRIAL_RUNNER) private readonly runner: ReplayRunner,
  ) {
    this.replayRun = new ReplayRun(database, rosters, readings, runner)
  }

  /**
   * Runs a trial. Throws `HMS_PLACES_TAKEN` (503) while another one runs, `HMS_TRIAL_INTERRUPTED` (503) if the worker was lost,
   * `HMS_TRIAL_POLICY` (422) for an invalid policy. `disconnected`: aborts when the caller no longer waits for the result.
   */
  async execute({ policies, live = [] }: TrialRequestDto, disconnected = new AbortController().signal): Promise<Trial> {
    const before = documentsOf(live, 'live')
    const given = documentsOf(policies, 'policies')
    const releaseSlot = this.slots.take()
    try {
      return await this.replay({ before, after: { ...before, ...given }, changed: Object.keys(given) }, disconnected)
    } finally {
      releaseSlot()
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort()
    await this.runner.close()
  }

  private async replay(policies: PoliciesOfRun, disconnected: AbortSignal): Promise<Trial> {
    const overdue = new AbortController()
    const cancel = this.clock.after(TRIAL_MS, () => overdue.abort())
    try {
      const signal = AbortSignal.any([overdue.signal, this.stopping.signal, disconnected])
      return trialOf(await this.replayRun.execute(policies, signal, (progress) => (this.progress = progress)))
    } catch (error) {
      if (overdue.signal.aborted)
        return trialOf({ failure: { reason: 'DEADLINE', detail: `the trial did not end within ${TRIAL_MS / 1_000} s` } })
      if (!this.stopping.signal.aborted && !disconnected.aborted && !(error instanceof TransientError)) throw error
      throw new HmsError('HMS_TRIAL_INTERRUPTED', 'The trial was interrupted; try again.', { status: 503, cause: error })
    } finally {
      cancel()
      this.progress = undefined
    }
  }
}

/** Converts the outcome. A replay without a report is INCONCLUSIVE: the reason is unrelated to any bot, and a run has more time. */
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
  const counts = { adapted, applicable, percent, discriminating, boundary, firstVersion, bots }
  const counted = {
    score: counts,
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
