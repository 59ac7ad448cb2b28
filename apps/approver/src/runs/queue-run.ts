import { packDossier, type OpenedDossier, type ReleaseDocument, type VersionRef } from '#libs/contracts'
import { rulesForRun } from '#libs/guard'
import { Outbox } from '#libs/messaging'
import { Timers, type Transaction } from '#libs/persistence'
import { stateOf } from '#libs/pipeline'
import { currentTraceparent, inTrace } from '#libs/platform'
import { Rosters } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { APPROVALS, reasonsOf, type Approval } from './approval.table.js'
import { EndStale, followsLive, previousOf } from './end-stale.js'
import { RulesInForce } from '../policies/rules-in-force.js'
import { POLICIES, policyAt, type PolicyRecord } from '../policies/policy.table.js'
import { quarantined } from '../policies/quarantine.js'
import { refusedByReaders } from '../policies/refusal-by-readers.js'
import { awaitedHead } from '../policies/stored-heads.js'
import { signedBuildsOf } from '../policies/policy-version.table.js'
import { QUEUE, SaveRun } from './save-run.js'
import { SupersedeRuns } from './supersede-runs.js'
import { runOf, type RunRecord } from './run.table.js'
import { keysOfRun } from './schedule-run-deadline.js'

/** Maximum number of builds of one version in a dossier. */
const MAX_USED = 20

/** Staging queue: one active run per policy, further runs wait in order. The caller locks all policies of the run. */
@Injectable()
export class QueueRun implements OnModuleInit {
  constructor(
    private readonly rosters: Rosters,
    private readonly outbox: Outbox,
    private readonly timers: Timers,
    private readonly saveRun: SaveRun,
    private readonly endStale: EndStale,
    private readonly supersedeRuns: SupersedeRuns,
    private readonly rules: RulesInForce,
  ) {}

  onModuleInit(): void {
    this.timers.on(QUEUE, (tx, { data }) => this.startIfTurn(tx, data.run))
  }

  /** Sends a signed rollback to rollout without queueing. The run in progress stays active until rollout reports the rollback. */
  async startRollback(tx: Transaction, record: RunRecord, approval: Approval): Promise<RunRecord> {
    const { run, attempt } = record.facts
    const { id } = approval.releases[0]!
    const policy = (await policyAt(tx, id))!
    if (!followsLive(approval, policy)) return this.endStale.execute(tx, record, approval, policy)
    const started = startedAt(record, tx.now)
    await this.saveRun.execute(tx, started)
    const { releases, plan } = approval
    const dossier = packDossier({ run, attempt, releases, live: { [id]: policy.live }, used: { [id]: [] }, plan, ...reasonsOf(approval) })
    await this.outbox.emit(tx, 'hms.approval.approved.v1', { dossier }, { key: record.key, run, attempt })
    return started
  }

  /** Starts the run if all its policies are free, else adds it to their queues, behind the runs it does not supersede. */
  async execute(tx: Transaction, record: RunRecord, approval: Approval): Promise<RunRecord> {
    if (approval.supersede === true) await this.supersedeRuns.execute(tx, record, approval)
    const policies = await Promise.all(record.facts.policies.map(async ({ id }) => (await policyAt(tx, id))!))
    const number = record.facts.run
    const isFree = policies.every((policy) => isTurnOf(policy, number))
    const effectiveAt = isFree ? predecessorEffectiveAt(approval, policies) : undefined
    // A timer calls `startIfTurn` when approver has received the head, see `SaveRun.scheduleWaiting`.
    const isAwaitingHead = policies.some((policy) => awaitedHead(policy, approval.storedHeads) !== undefined)
    // guard: stored-head-awaited
    if (isFree && effectiveAt === undefined && !isAwaitingHead) return this.start(tx, record, approval, policies)
    const joining = policies.filter((policy) => !policy.queue.includes(number))
    for (const policy of joining) await tx.documents(POLICIES).put({ ...policy, queue: [...policy.queue, number] })
    if (effectiveAt !== undefined)
      await this.timers.schedule(tx, {
        id: `${QUEUE}:${number}`,
        kind: QUEUE,
        keys: keysOfRun(record),
        data: { run: number },
        dueAt: new Date(effectiveAt),
      })
    // The run was queued by an earlier call, so there is nothing new to publish.
    if (joining.length === 0) return record
    const waiting = { ...record, traceparent: currentTraceparent() }
    await this.saveRun.execute(tx, waiting)
    return waiting
  }

  private async start(tx: Transaction, record: RunRecord, approval: Approval, policies: PolicyRecord[]): Promise<RunRecord> {
    const { run } = record.facts
    const moved = policies.find((policy) => !followsLive(approval, policy))
    if (moved !== undefined) return this.endStale.execute(tx, record, approval, moved)
    // People decided on a further attempt, even if the version was rolled back meanwhile.
    const quarantineFound = record.facts.attempt > 1 ? undefined : await quarantined(tx, approval) // guard: quarantine-retry
    if (quarantineFound !== undefined) return this.endStale.quarantine(tx, record, approval, quarantineFound) // guard: quarantine-turn
    for (const release of approval.releases) {
      const refusal = await refusedByReaders(tx, release, this.rosters.newest, tx.now.toISOString())
      // guard: refused-turn
      if (refusal !== undefined) return this.endStale.end(tx, record, approval, 'READERS_REFUSE', `${refusal}; approve it again`)
    }
    for (const policy of policies)
      await tx.documents(POLICIES).put({ ...policy, active: run, queue: policy.queue.filter((waiting) => waiting !== run) })
    const started = startedAt(record, tx.now)
    await this.send(tx, started, approval, policies)
    return started
  }

  /** Saves a run that starts, and sends it to its first stage. `policies` are as of the transaction's time. */
  async send(tx: Transaction, started: RunRecord, approval: Approval, policies: PolicyRecord[]): Promise<void> {
    await this.saveRun.execute(tx, started)
    const facts = await dossierOf(tx, started, approval, policies)
    const guard = rulesForRun(this.rosters.newest, { ...facts, rules: await this.rules.of(tx) })
    const { run, attempt } = started.facts
    const data = { dossier: packDossier({ ...facts, guard }) }
    await this.outbox.emit(tx, 'hms.approval.approved.v1', data, { key: started.key, run, attempt })
  }

  /** Starts the run if its turn has come. Does nothing for a run that waits for signatures, has started, or has ended. */
  async startIfTurn(tx: Transaction, run: number): Promise<void> {
    const record = await runOf(tx, run)
    const approval = record === undefined ? undefined : await tx.documents(APPROVALS).get(record.approval)
    if (record === undefined || approval === undefined || stateOf(record.facts) !== 'QUEUED') return
    await inTrace(record.traceparent, () => this.execute(tx, record, approval)) // guard: trace-queue
  }
}

function startedAt(record: RunRecord, now: Date): RunRecord {
  return { ...record, facts: { ...record.facts, startedAt: now.toISOString() } }
}

/** Whether it is the run's turn. A run that already owns the policy starts a further attempt. */
function isTurnOf({ active, queue }: PolicyRecord, run: number): boolean {
  return active === run || (active === null && (queue.length === 0 || queue[0] === run))
}

/** Returns when the last held release that this run follows comes into force; `undefined` if it follows none. */
function predecessorEffectiveAt(approval: Approval, policies: PolicyRecord[]): string | undefined {
  const times = policies.flatMap((policy) =>
    policy.next !== undefined && previousOf(approval, policy.id) === policy.next.release.releaseDigest ? policy.next.at : [],
  )
  return times.sort().at(-1)
}

/** Builds the dossier that the stages need. `policies` are as of the transaction's time. */
async function dossierOf(tx: Transaction, record: RunRecord, approval: Approval, policies: PolicyRecord[]): Promise<OpenedDossier> {
  const live: Record<string, ReleaseDocument | null> = {}
  const liveSeqs: Record<string, number> = {}
  const used: Record<string, VersionRef[]> = {}
  for (const policy of policies) {
    live[policy.id] = policy.live
    liveSeqs[policy.id] = policy.liveSeq
    // Lint only checks whether this version, in any build, ever had another content.
    const version = approval.releases.find(({ id }) => id === policy.id)?.version
    used[policy.id] = version === undefined ? [] : await signedBuildsOf(tx, policy.id, version, MAX_USED)
  }
  const { run, attempt } = record.facts
  return { run, attempt, releases: approval.releases, live, liveSeqs, used, plan: approval.plan, ...reasonsOf(approval) }
}
