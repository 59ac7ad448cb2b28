import { policyRefs, type RunDecision } from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import { lockedDocument, type Transaction } from '#libs/persistence'
import { abortUnstarted, acceptDecision, owningStage } from '#libs/pipeline'
import { Injectable } from '@nestjs/common'
import { quarantined } from '../policies/quarantine.js'
import { policyAt, type PolicyRecord } from '../policies/policy.table.js'
import { approvalOfRun, APPROVALS, type Approval } from './approval.table.js'
import { followsLive, mayBeSuperseded, afterSuperseding, previousOf } from './end-stale.js'
import { RUNS, type RunRecord } from './run.table.js'
import { SaveRun } from './save-run.js'
import { keysOfRun } from './schedule-run-deadline.js'

/** Requests that older runs end in favour of a newer run with `supersede`. The newer run starts once the older runs free its policies. */
@Injectable()
export class SupersedeRuns {
  constructor(
    private readonly outbox: Outbox,
    private readonly saveRun: SaveRun,
  ) {}

  /** Requests the end of each older run once, if it may end. `newer` is fully signed, and its policies are locked. */
  async execute(tx: Transaction, newer: RunRecord, approval: Approval): Promise<void> {
    const policies = await Promise.all(newer.facts.policies.map(async ({ id }) => (await policyAt(tx, id))!))
    const followed = await Promise.all(policies.map((policy) => this.followed(tx, approval, policy)))
    // The newer run would itself end STALE, so no run is ended for it.
    if (followed.includes('nothing')) return // guard: supersede-not-when-stale
    if ((await quarantined(tx, approval)) !== undefined) return // guard: quarantine-supersede
    for (const run of runsAhead(policies, newer.facts.run)) {
      const older = await lockedDocument(tx, RUNS, String(run), keysOfRun)
      const mayEnd = older?.facts.startedAt === undefined || !followed.includes('active') // the newer run needs its predecessor
      if (older !== undefined && mayEnd && (await this.isOlder(tx, older, approval))) await this.supersede(tx, older, newer, approval)
    }
  }

  /** Returns which release the newer run follows: the live release, a release of the active run, or no such release (`nothing`). */
  private async followed(tx: Transaction, approval: Approval, policy: PolicyRecord): Promise<'live' | 'active' | 'nothing'> {
    if (followsLive(approval, await afterSuperseding(tx, policy))) return 'live'
    const ahead = await approvalOfRun(tx, policy.active)
    const previous = previousOf(approval, policy.id)
    return ahead?.releases.some(({ releaseDigest }) => releaseDigest === previous) === true ? 'active' : 'nothing'
  }

  /** Whether the run may be superseded, has no earlier request to end, and has lower release epochs for all policies in common. */
  private async isOlder(tx: Transaction, run: RunRecord, newer: Approval): Promise<boolean> {
    if (run.facts.decisions.some(({ decision }) => decision === 'supersede') || !(await mayBeSuperseded(tx, run))) return false
    const older = (await tx.documents(APPROVALS).get(run.approval))!
    return older.releases.every(
      // guard: supersede-older-only
      ({ id, releaseEpoch }) => newer.releases.every((release) => release.id !== id || release.releaseEpoch > releaseEpoch),
    )
  }

  private async supersede(tx: Transaction, older: RunRecord, newer: RunRecord, approval: Approval): Promise<void> {
    const { run, attempt, policies } = older.facts
    const successor = newer.facts.run
    const releases = approval.releases.filter(({ id }) => policies.some((policy) => policy.id === id))
    const reason = `${policyRefs(releases)} takes its place`
    const decided = { id: approval.digest, decision: 'supersede' as const, by: `run #${successor}`, reason }
    const decision: RunDecision = { ...decided, at: tx.now.toISOString(), outcome: 'pending', successor }
    const stage = owningStage(older.facts)
    const statement = releases[0]!.envelope
    await this.outbox.emit(
      tx,
      'hms.run.decision-accepted.v1',
      { run, attempt, ...decided, stage, statement },
      { key: older.key, run, attempt },
    )
    const accepted = acceptDecision(older.facts, decision)
    const facts = stage === null ? abortUnstarted(accepted, decision, tx.now.toISOString()) : accepted
    await this.saveRun.execute(tx, { ...older, facts })
  }
}

/** Returns runs that own one of the policies, or wait for it ahead of `run`. */
function runsAhead(policies: readonly PolicyRecord[], run: number): number[] {
  const ahead = policies.flatMap(({ active, queue }) => {
    const position = queue.indexOf(run)
    return [...(active === null || active === run ? [] : [active]), ...(position < 0 ? queue : queue.slice(0, position))]
  })
  return [...new Set(ahead)]
}
