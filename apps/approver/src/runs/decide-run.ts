import {
  action,
  HmsError,
  isTerminal,
  MAX_REASON,
  RUN_DECISIONS,
  type Envelope,
  type RunDecision,
  type RunDecisionName,
  type RunState,
  type RunView,
  type StageName,
  type Action,
} from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import { Database, lockedDocument, Timers, type Transaction } from '#libs/persistence'
import { abortUnstarted, acceptDecision, owningStage, pausedStage, pendingDecision, workingStage, stateOf, timedWait } from '#libs/pipeline'
import { Rosters } from '#libs/service'
import {
  isSignedLately,
  readRunDecision,
  orRefusal,
  SignatureError,
  verifyRunDecision,
  type DecidedRun,
  type ReadRunDecision,
  type RunDecisionPredicate,
} from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { APPROVALS, closeApproval, type Approval } from './approval.table.js'
import { requireReviewed } from '../tickets/review-lock.table.js'
import { RUNS, runView, type RunRecord } from './run.table.js'
import { SaveRun } from './save-run.js'
import { keysOfRun } from './schedule-run-deadline.js'

/** Maximum extension in ms; an extended run blocks all runs that follow. */
const LONGEST_EXTENSION_MS = 7 * 24 * 60 * 60_000
/** Decisions that never advance a run. Allowed even to people with an overdue break-glass review. */
const NON_ADVANCING: ReadonlySet<RunDecisionName> = new Set(['abort', 'pause'])
/** Limit of decisions per run; an abort is always accepted. */
const MAX_DECISIONS = 100

/** Accepts a person's decision and sends it to the stage that owns the run. Only one is pending at a time: the first wins. */
@Injectable()
export class DecideRun {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly outbox: Outbox,
    private readonly timers: Timers,
    private readonly saveRun: SaveRun,
  ) {}

  async execute(run: number, statement: Envelope): Promise<RunView> {
    return this.database.transaction(async (tx) => {
      const record = (await lockedDocument(tx, RUNS, String(run), keysOfRun))!
      const approval = (await tx.documents(APPROVALS).get(record.approval))!
      const { predicate, person, digest } = this.read(record, approval, statement, tx.now)
      // A repeated statement changes nothing: the response to the first may have been lost.
      if (record.facts.decisions.some(({ id }) => id === digest)) return runView(record)
      const name = predicate.decision as RunDecisionName
      if (!NON_ADVANCING.has(name)) await requireReviewed(tx, this.rosters.newest, person.name) // guard: break-glass-locked-decides
      const stage = this.stageToDecide(record, name, predicate.attempt)
      const decision: RunDecision = {
        id: digest,
        decision: name,
        by: person.name,
        reason: predicate.reason,
        at: tx.now.toISOString(),
        outcome: 'pending',
      }
      const accepted = { ...record, facts: acceptDecision(record.facts, decision) }
      const { attempt } = record.facts
      const { reason, publicReason, byMs } = predicate
      const more = { ...(publicReason === undefined ? {} : { publicReason }), ...(byMs === undefined ? {} : { byMs }) }
      const data = { run, attempt, id: digest, decision: name, stage, by: person.name, reason, statement, ...more }
      await this.outbox.emit(tx, 'hms.run.decision-accepted.v1', data, { key: record.key, run, attempt })
      const saved = stage === null ? await this.endUnstarted(tx, accepted, approval, decision) : accepted
      await this.saveRun.execute(tx, saved)
      return runView(saved)
    })
  }

  /** Ends a run that has not started, and its wait for signatures. */
  private async endUnstarted(tx: Transaction, record: RunRecord, approval: Approval, decision: RunDecision): Promise<RunRecord> {
    if (approval.state === 'waiting') await closeApproval(tx, this.timers, approval, 'rejected')
    return { ...record, facts: abortUnstarted(record.facts, decision, tx.now.toISOString()) }
  }

  /**
   * Throws unless a person of the roster signed the statement recently, and about this run or ticket (`isAbout`). Called before any lookup:
   * strangers, even with a copied statement, must not learn what exists. It is verified before the transaction too, against floods.
   */
  // guard: strangers-run
  async requireSigned(statement: Envelope, isAbout: (predicate: RunDecisionPredicate) => boolean): Promise<void> {
    this.verify(statement)
    await this.database.transaction(async (tx) => {
      const predicate = this.verify(statement, tx.now)
      if (!isSignedLately(predicate.at, tx.now)) throw expired() // guard: strangers-late
      const { run, ticket } = predicate
      if (!isAbout(predicate))
        throw otherDecision(`The signed decision is about ${ticket === undefined ? '' : `ticket ${ticket} of `}run #${run}.`)
    })
  }

  private verify(statement: Envelope, now?: Date): RunDecisionPredicate {
    const read = orRefusal(() => verifyRunDecision(statement, this.rosters.newest.keysOfKind('person', now?.toISOString())))
    if (read instanceof SignatureError) throw refusalOfSignature(read)
    return read
  }

  /** Returns the verified decision. Throws unless signature, run, reason and time are valid. */
  read(
    { facts }: RunRecord,
    approval: Approval,
    statement: Envelope,
    now: Date,
    { valid = RUN_DECISIONS, ...ticketFields }: ReadOptions = {},
  ): ReadRunDecision {
    const about = { run: facts.run, releases: approval.releases, ...ticketFields }
    const read = orRefusal(() => readRunDecision(statement, about, this.rosters.newest, now.toISOString()))
    if (read instanceof SignatureError) throw refusalOfRead(read, facts.run)
    const { decision, reason, publicReason = '', at, byMs = 0 } = read.predicate
    if (!valid.includes(decision)) throw otherDecision(`${decision} is not one of ${valid.join(', ')}.`)
    if (reason.trim() === '' || reason.length > MAX_REASON || publicReason.length > MAX_REASON)
      throw otherDecision(`A decision needs a non-empty reason of at most ${MAX_REASON} characters.`)
    if (byMs > LONGEST_EXTENSION_MS) throw otherDecision('A run is extended by 7 days at most.')
    if (isSignedLately(at, now)) return read
    throw expired()
  }

  /** Returns the stage for the decision; `null` before the run's start. Throws 409 with the state if it is late or impossible. */
  private stageToDecide(record: RunRecord, decision: RunDecisionName, attempt: number): StageName | null {
    const { facts } = record
    const state = stateOf(facts)
    const show = action('runs.show', { run: facts.run })
    const refuse: Refuse = (code, detail, next = show) => new HmsError(code, detail, { status: 409, next: [next], state: runView(record) })
    if (isTerminal(state)) throw refuse('HMS_RUN_DECISION_LATE', `Run #${facts.run} has ended ${state}: too late to ${decision} it.`)
    if (facts.isRollback === true && facts.startedAt !== undefined)
      throw refuse('HMS_RUN_DECISION_LATE', `Run #${facts.run} is a rollback in progress: too late to ${decision} it.`)
    if (attempt !== facts.attempt)
      throw refuse('HMS_RUN_DECISION_LATE', `Run #${facts.run} is in attempt ${facts.attempt}, and attempt ${attempt} has ended.`)
    const pending = pendingDecision(facts, decision)
    // guard: first-decision-wins
    if (pending !== undefined)
      throw refuse(
        'HMS_RUN_DECISION_PENDING',
        `${pending.by} decided to ${pending.decision} run #${facts.run}, and its stage has not responded yet.`,
      )
    if (state === 'NOTIFYING') {
      const { id } = facts.policies[0]!
      throw refuse(
        'HMS_RUN_DECISION_LATE',
        `Run #${facts.run} is live for all and its partners are being notified: too late to ${decision} it.`,
        action('rollback.choose', { policy: id }),
      )
    }
    if (decision === 'abort') return owningStage(facts)
    const stage = state === 'PAUSED' ? this.stageOfPaused(record, decision, refuse) : this.activeStage(record, state, decision, refuse)
    if (stage === 'simulate' && decision !== 'retry') {
      throw refuse(
        'HMS_RUN_NOT_RESUMABLE',
        `Run #${facts.run} is paused in simulation, which cannot resume: add the missing evidence, and retry the run.`,
        action('runs.decide', { decision: 'retry', run: facts.run }),
      )
    }
    if (facts.decisions.length < MAX_DECISIONS) return stage
    throw refuse(
      'HMS_RUN_DECISION_LIMIT',
      `Run #${facts.run} has ${MAX_DECISIONS} decisions: it can only be aborted.`,
      action('runs.decide', { decision: 'abort', run: facts.run }),
    )
  }

  private stageOfPaused({ facts }: RunRecord, decision: RunDecisionName, refuse: Refuse): StageName {
    if (decision === 'pause') throw refuse('HMS_RUN_DECISION_NOT_NOW', `Run #${facts.run} is paused already.`)
    const stage = pausedStage(facts)!
    if (stage !== 'rollout' || !['extend', 'retry'].includes(decision)) return stage
    throw refuse('HMS_RUN_DECISION_NOT_NOW', `Run #${facts.run} is paused in its rollout: resume it, and its bake restarts.`)
  }

  private activeStage({ facts }: RunRecord, state: RunState, decision: RunDecisionName, refuse: Refuse): StageName {
    const wait = decision === 'extend' ? timedWait(facts) : undefined
    if (wait !== undefined) return wait.stage
    const states = STATES_OF[decision]
    if (decision === 'promote' && state === 'BAKING' && facts.breakGlass !== undefined)
      throw refuse('HMS_RUN_DECISION_NOT_NOW', `Run #${facts.run} is break-glass: its bake cannot be shortened.`)
    if (states === undefined)
      throw refuse('HMS_RUN_NOT_PAUSED', `Run #${facts.run} is ${state}, not paused: there is nothing to ${decision}.`)
    if (states.includes(state)) return workingStage(state)!
    throw refuse('HMS_RUN_DECISION_NOT_NOW', `Run #${facts.run} is ${state}: it can be ${PAST_TENSE[decision]} in ${states.join(', ')}.`)
  }
}

/** Options of `DecideRun.read`. `valid`: `RUN_DECISIONS` by default. */
export interface ReadOptions extends Pick<DecidedRun, 'ticket' | 'review'> {
  valid?: readonly string[]
}

/** `next`: action to suggest, by default to show the run. */
type Refuse = (code: string, detail: string, next?: Action) => HmsError

/** States in which an active run accepts these decisions. */
const STATES_OF: Partial<Record<RunDecisionName, readonly RunState[]>> = {
  pause: ['CANARY', 'ROLLING_OUT', 'BAKING'],
  extend: ['CANARY', 'BAKING'],
  promote: ['CANARY', 'BAKING'],
}

const PAST_TENSE: Partial<Record<RunDecisionName, string>> = { pause: 'paused', extend: 'extended', promote: 'promoted' }

function refusalOfRead(error: SignatureError, run: number): HmsError {
  if (error.code === 'HMS_DECISION_OTHER')
    return otherDecision(`The signed statement is not a decision about run #${run}: ${error.detail}.`)
  if (error.code !== 'HMS_DECISION_NOT_ALLOWED') return refusalOfSignature(error)
  return new HmsError('HMS_RUN_DECISION_NOT_ALLOWED', `Not allowed: ${error.detail}.`, {
    status: 403,
    next: [action('roster.show')],
    cause: error,
  })
}

export function refusalOfSignature(error: SignatureError): HmsError {
  if (error.code === 'HMS_SIGNATURE_UNKNOWN_KEY') {
    return new HmsError('HMS_APPROVER_SIGNER_UNKNOWN', `No person of the roster signed this: ${error.detail}.`, {
      status: 403,
      cause: error,
      next: [action('keys.list')],
    })
  }
  return new HmsError('HMS_APPROVER_SIGNATURE_INVALID', `The decision does not verify: ${error.detail}.`, { status: 403, cause: error })
}

function expired(): HmsError {
  const detail =
    'The decision was signed more than ten minutes ago, or the clocks of its signer and of the database differ that much. Sign it again.'
  return new HmsError('HMS_RUN_DECISION_EXPIRED', detail, { status: 403 })
}

function otherDecision(detail: string): HmsError {
  return new HmsError('HMS_RUN_DECISION_OTHER', detail, { status: 422, next: [action('runs.help')] })
}
