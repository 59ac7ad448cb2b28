import { action, groupBy, HmsError, type ApprovalView } from '#libs/contracts'
import { Database, type Transaction } from '#libs/persistence'
import { Rosters } from '#libs/service'
import { mayReview, type Principal, type Roster } from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { approvalClosed, approvalView } from '../approvals/approval-view.js'
import { KeepPreparations } from '../approvals/keep-preparations.js'
import { openRun, recordSignatures } from '../approvals/open-run.js'
import { missingOf } from '../approvals/prepare-approval.js'
import { requireEventsFit } from '../approvals/run-size.js'
import { signerOf, underLock, withSignatures } from '../approvals/signer-of.js'
import { GuardApproval } from '../approvals/guard-approval.js'
import { quarantined, quarantineError } from '../policies/quarantine.js'
import { POLICIES, policyAt, type PolicyRecord } from '../policies/policy.table.js'
import { type Approval, APPROVALS, breakGlassIn, signedSiblings } from '../runs/approval.table.js'
import type { BreakGlassRequestDto } from './break-glass.dto.js'
import { ReviewBreakGlass } from '../reviews/review-break-glass.js'
import { requireReviewed } from '../tickets/review-lock.table.js'
import { previousOf } from '../runs/end-stale.js'
import { QueueRun } from '../runs/queue-run.js'
import { runOf, type RunRecord } from '../runs/run.table.js'

const AGAIN = action('break-glass')

/**
 * Accepts all signatures of a break-glass in one request; if they are not enough, stores none. The run starts at once and replaces the run
 * in progress, see `TakeOver`. The review is opened in the same transaction.
 */
@Injectable()
export class SignBreakGlass {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly guardApproval: GuardApproval,
    private readonly preparations: KeepPreparations,
    private readonly reviewBreakGlass: ReviewBreakGlass,
    private readonly queueRun: QueueRun,
  ) {}

  execute(request: BreakGlassRequestDto): Promise<ApprovalView> {
    return underLock(this.database, this.rosters.newest, request, (tx, approval) => this.sign(tx, approval, request))
  }

  private async sign(tx: Transaction, approval: Approval, request: BreakGlassRequestDto): Promise<ApprovalView | HmsError> {
    const roster = this.rosters.newest
    const order = breakGlassIn(approval)
    if (order === undefined) throw ordinary() // guard: break-glass-not-made-of-approvals
    const signers = signersOf(roster, approval, request)
    if (approval.run !== null && signers.every(({ name }) => approval.signedBy.includes(name)))
      return approvalView(approval, await runOf(tx, approval.run))
    if (approval.state !== 'prepared') throw approvalClosed(approval)
    if (Date.parse(approval.expiresAt) <= tx.now.getTime()) throw expired()
    const [inProgress] = await signedSiblings(tx, approval.members)
    if (inProgress !== undefined) throw alreadyInProgress(inProgress)
    for (const { name } of signers) await requireReviewed(tx, roster, name) // guard: break-glass-locks-again
    requireReviewer(roster, approval, signers, tx.now)
    for (const { name } of signers) {
      const denied = await this.guardApproval.execute(tx, approval, name)
      if (denied !== undefined) return denied
    }
    return this.accept(tx, { ...approval, releases: withSignatures(approval.releases, request) }, signers, order.reason)
  }

  private async accept(tx: Transaction, approval: Approval, signers: readonly Principal[], reason: string): Promise<ApprovalView> {
    const roster = this.rosters.newest
    const { releases, plan } = approval
    const policies = await Promise.all(releases.map(async ({ id }) => (await policyAt(tx, id))!))
    const moved = policies.find((policy) => previousOf(approval, policy.id) !== (policy.live?.releaseDigest ?? null))
    if (moved !== undefined) {
      const { id, live } = moved
      const detail = `The live version of ${id} has changed to ${live?.version ?? 'none'}. Prepare again, and check the difference.`
      throw new HmsError('HMS_BREAK_GLASS_LIVE_MOVED', detail, { status: 409, next: [action('get', { policy: id }), AGAIN] })
    }
    const found = await quarantined(tx, approval)
    if (found !== undefined) throw quarantineError(found, AGAIN) // guard: quarantine-break-glass
    requireEventsFit(roster, { releases, live: policies.map(({ live }) => live), plan })
    const missing = missingOf(roster, releases)
    if (missing.length > 0) throw signaturesMissing(missing)
    const opened = await openRun(tx, approval)
    const review = await this.reviewBreakGlass.open(tx, opened, reason, signers)
    const by = signers.map(({ name }) => name)
    const signed: Approval = { ...approval, missing, run: opened.facts.run, state: 'complete', signedBy: by }
    await tx.documents(APPROVALS).put(signed)
    await this.preparations.delete(tx, signed.digest)
    await recordSignatures(tx, signed)
    const at = tx.now.toISOString()
    const started = { ...opened, facts: { ...opened.facts, approvedAt: at, startedAt: at, breakGlass: { reason, by, review } } }
    await this.start(tx, started, signed, policies)
    return approvalView(signed, started)
  }

  /** Starts the run. Runs in progress end only after lint has passed: see `TakeOver`. */
  private async start(tx: Transaction, record: RunRecord, approval: Approval, policies: PolicyRecord[]): Promise<void> {
    const { run } = record.facts
    for (const { id } of policies) {
      const policy = (await tx.documents(POLICIES).get(id))!
      if (policy.active === null) await tx.documents(POLICIES).put({ ...policy, active: run }) // guard: break-glass-lint-first
    }
    await this.queueRun.send(tx, record, approval, policies)
  }
}

/** Returns the people whose valid signatures the request contains, each over all releases; each counts once. */
function signersOf(roster: Roster, approval: Approval, { signatures }: BreakGlassRequestDto): Principal[] {
  const byPerson = groupBy(signatures, ({ keyid }) => roster.principalOfKey(keyid)?.name ?? keyid)
  if (byPerson.size < 2) throw alone([...byPerson.keys()][0]!)
  return [...byPerson.values()].map((own) => roster.principalByName(signerOf(roster, approval, { signatures: own }))!)
}

/** Requires a person who could close the review; otherwise the signers could never approve again. */
function requireReviewer(roster: Roster, { releases }: Approval, signers: readonly Principal[], now: Date): void {
  const actors = signers.map(({ id }) => id)
  const canSign = ({ keys }: Principal): boolean => keys.some(({ keyid }) => roster.isLive(keyid, now.toISOString()))
  const people = roster.people.filter(canSign)
  if (!people.some((person) => mayReview(person, actors, releases, roster))) throw nobodyToReview()
}

/** Error for an ordinary approval, whose signed content does not declare break-glass. */
function ordinary(): HmsError {
  const detail = 'This was prepared as an ordinary approval, and cannot be signed as break-glass.'
  return new HmsError('HMS_BREAK_GLASS_OTHER', detail, { status: 422, next: [AGAIN, action('approve')] })
}

function alone(name: string): HmsError {
  const detail = `Break-glass needs signatures of two different people in one request, and only ${name} signed. Nothing was stored.`
  return new HmsError('HMS_BREAK_GLASS_ALONE', detail, { status: 403, next: [AGAIN] })
}

/** Error for missing signatures. `missing`: roles and `author`, as in an approval. */
function signaturesMissing(missing: readonly string[]): HmsError {
  const detail = `Required signatures are missing: ${missing.join(', ')}. Nothing was stored; all signers must sign in one request.`
  return new HmsError('HMS_BREAK_GLASS_ALONE', detail, { status: 403, next: [action('roster.show'), AGAIN], state: { missing } })
}

function expired(): HmsError {
  const detail = 'A break-glass preparation is valid for 30 minutes, and this one has expired. Prepare it again.'
  return new HmsError('HMS_APPROVER_APPROVAL_EXPIRED', detail, { status: 409, next: [AGAIN] })
}

function alreadyInProgress({ digest, run }: Approval): HmsError {
  return new HmsError('HMS_BREAK_GLASS_UNDER_WAY', `Run #${run} already rolls out these files by break-glass.`, {
    status: 409,
    next: [action('runs.watch', { run: run! })],
    state: { digest, run },
  })
}

function nobodyToReview(): HmsError {
  const detail = 'Break-glass needs a reviewer, but everyone in the roster signed or wrote this.'
  return new HmsError('HMS_BREAK_GLASS_NO_REVIEWER', detail, { status: 422, next: [action('roster.show'), action('approve')] })
}
