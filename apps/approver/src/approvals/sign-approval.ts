import { HmsError, type ApprovalRequest, type ApprovalView, type ReleaseDocument } from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { newRun } from '#libs/pipeline'
import { approvalRequirement, authorsOf, checkSignatures, readRelease } from '#libs/signing'
import { firstNumber, ServiceRuntime } from '#libs/service'
import { Injectable } from '@nestjs/common'
import { GuardApproval } from '../guard/guard-approval.js'
import { newPolicy, POLICIES, policyAt } from '../policies/policy.table.js'
import { rememberSigned } from '../policies/policy-version.table.js'
import { QueueRun } from '../runs/queue-run.js'
import { StartRollback } from '../runs/start-rollback.js'
import { RUN_COUNTER, RUNS, type RunRecord } from '../runs/run.table.js'
import { SaveRun } from '../runs/save-run.js'
import { approvalView } from './approval-view.js'
import { APPROVAL_EXPIRY, APPROVALS, isRollback, type Approval } from '../records/approval.table.js'
import { EndStale } from '../runs/end-stale.js'
import { KeepPreparations } from './keep-preparations.js'
import { missingOf } from './prepare-approval.js'
import { requireEventsFit } from './run-size.js'
import { signedSiblings } from './signed-siblings.js'

/** Accepts one person's signatures over prepared bytes. The first gives the run its number, the last puts it into the queue. */
@Injectable()
export class SignApproval {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly queueRun: QueueRun,
    private readonly startRollback: StartRollback,
    private readonly saveRun: SaveRun,
    private readonly endStale: EndStale,
    private readonly guardApproval: GuardApproval,
    private readonly preparations: KeepPreparations,
  ) {}

  async execute(request: ApprovalRequest): Promise<ApprovalView> {
    const policies = await this.runtime.database.transaction(async (tx) =>
      (await this.load(tx, request.digest)).releases.map((release) => policyKey(release.id)),
    )
    const answer = await this.runtime.database.transaction(async (tx) => {
      await tx.lock(policies)
      return this.sign(tx, await this.load(tx, request.digest), request)
    })
    if (answer instanceof HmsError) throw answer
    return answer
  }

  private async sign(tx: Transaction, approval: Approval, request: ApprovalRequest): Promise<ApprovalView | HmsError> {
    const run = approval.run === null ? undefined : await tx.documents(RUNS).get(String(approval.run))
    const signer = this.signerOf(approval, request, tx.now)
    if (approval.signedBy.includes(signer)) return approvalView(approval, run)
    if (approval.state !== 'prepared' && approval.state !== 'waiting') {
      throw new HmsError('HMS_APPROVER_APPROVAL_CLOSED', `This approval is ${approval.state}; another signature changes nothing.`, {
        status: 409,
        next: approval.run === null ? [] : [`hms-svc runs show ${approval.run}`],
        state: approvalView(approval, run),
      })
    }
    if (Date.parse(approval.expiresAt) <= tx.now.getTime()) {
      throw new HmsError('HMS_APPROVER_APPROVAL_EXPIRED', 'This approval has expired. Prepare it again.', {
        status: 409,
        next: ['hms-svc approve FILE --sign NAME'],
      })
    }
    if (run === undefined) await requireUnsigned(tx, approval)
    const denied = await this.guardApproval.execute(tx, approval, signer)
    if (denied !== undefined) return denied
    const releases = approval.releases.map((release) => withSignature(release, request))
    // Once more: the roster may ask for more signatures now than when it was prepared.
    const live = await Promise.all(releases.map(async ({ id }) => (await policyAt(tx, id))?.live ?? null))
    requireEventsFit(this.runtime.roster, { releases, live, plan: approval.plan })
    const missing = missingOf(this.runtime.roster, releases)
    const opened = run ?? (await this.openRun(tx, approval))
    const signed: Approval = {
      ...approval,
      releases,
      missing,
      run: opened.facts.run,
      state: missing.length === 0 ? 'complete' : 'waiting',
      signedBy: [...approval.signedBy, signer],
      reasons: [...(approval.reasons ?? []), ...(request.reason === undefined ? [] : [{ name: signer, reason: request.reason }])],
    }
    await tx.documents(APPROVALS).put(signed)
    if (run === undefined) await this.preparations.signed(tx, signed.digest)
    await this.remember(tx, signed)
    if (missing.length > 0) {
      await this.runtime.schedule(tx, {
        id: `${APPROVAL_EXPIRY}:${signed.digest}`,
        kind: APPROVAL_EXPIRY,
        keys: signed.releases.map((release) => policyKey(release.id)),
        data: { digest: signed.digest, run: opened.facts.run },
        dueAt: new Date(signed.expiresAt),
      })
      await this.saveRun.execute(tx, opened)
      return approvalView(signed, await this.endStale.look(tx, opened.facts.run))
    }
    await this.runtime.cancel(tx, `${APPROVAL_EXPIRY}:${signed.digest}`)
    const queued = { ...opened, facts: { ...opened.facts, approvedAt: tx.now.toISOString() } }
    const start = queued.facts.isRollback === true ? this.startRollback : this.queueRun
    return approvalView(signed, await start.execute(tx, queued, signed))
  }

  /** Name of the one person whose true signatures the request brings, one per release. */
  private signerOf(approval: Approval, request: ApprovalRequest, now: Date): string {
    const people = this.runtime.roster.keysOfKind('person')
    const names = approval.releases.map((release) => {
      const brought = request.signatures.filter((signature) => signature.release === release.releaseDigest)
      if (brought.length !== 1) {
        throw new HmsError(
          'HMS_APPROVER_SIGNATURE_MISSING',
          `${release.id}@${release.version} needs exactly one signature of this signer.`,
          { status: 400 },
        )
      }
      const person = this.runtime.roster.principalOfKey(brought[0]!.keyid)
      if (person === undefined || person.kind !== 'person') {
        throw new HmsError('HMS_APPROVER_SIGNER_UNKNOWN', `The roster knows no person with key ${brought[0]!.keyid}.`, {
          status: 403,
          next: ['hms-svc keys list'],
        })
      }
      this.requireLive(brought[0]!.keyid, person.name, now)
      const { keyids } = checkSignatures({ ...release.envelope, signatures: brought.map(({ keyid, sig }) => ({ keyid, sig })) }, people)
      if (keyids.length === 0) {
        throw new HmsError(
          'HMS_APPROVER_SIGNATURE_INVALID',
          `The signature does not match the bytes prepared for ${release.id}@${release.version}.`,
          {
            status: 403,
            next: ['hms-svc approve FILE --sign NAME'],
          },
        )
      }
      this.requireEligible(release, person)
      return person.name
    })
    if (new Set(names).size > 1)
      throw new HmsError('HMS_APPROVER_SIGNER_MIXED', 'All signatures of a request come from one person.', { status: 400 })
    return names[0]!
  }

  private requireLive(keyid: string, name: string, now: Date): void {
    if (this.runtime.roster.isLive(keyid, now.toISOString())) return
    const since = this.runtime.roster.revokedSince(keyid)
    const why = since === undefined ? 'is not valid now' : `is revoked since ${since}`
    throw new HmsError('HMS_APPROVER_KEY_ENDED', `Key ${keyid} of ${name} ${why}: what it signs counts for nothing.`, {
      status: 403,
      next: ['hms-svc roster show'],
    })
  }

  private requireEligible(release: ReleaseDocument, person: { id: string; name: string }): void {
    const { predicate } = readRelease(release.envelope)
    const requirement = approvalRequirement(this.runtime.roster, predicate)
    // The author may be asked to sign too, whatever roles they hold.
    if (requirement.eligible.includes(person.id) || authorsOf(this.runtime.roster, predicate.author).some(({ id }) => id === person.id))
      return
    throw new HmsError(
      'HMS_APPROVER_NOT_ELIGIBLE',
      `${person.name} is not among those who may approve ${release.id}: role ${requirement.role}.`,
      { status: 403 },
    )
  }

  private async openRun(tx: Transaction, approval: Approval): Promise<RunRecord> {
    await tx.lock(['run-counter'])
    const counter = (await tx.documents(RUN_COUNTER).get('run')) ?? { id: 'run' as const, last: 0 }
    const number = counter.last + 1
    await tx.documents(RUN_COUNTER).put({ id: 'run', last: number })
    const policies = approval.releases.map(({ id, version, policyDigest }) => ({ id, version, digest: policyDigest }))
    const { observeMs, bakeMs } = approval.plan
    return {
      facts: { ...newRun(number, policies, tx.now.toISOString()), ...(isRollback(approval) ? { isRollback: true as const } : {}) },
      approval: approval.digest,
      key: approval.releases[0]!.id,
      waits: { observeMs, bakeMs },
    }
  }

  /** Versions that somebody signed, and that the run waits for signatures. */
  private async remember(tx: Transaction, approval: Approval): Promise<void> {
    for (const { id, version, policyDigest } of approval.releases) {
      const policy = (await tx.documents(POLICIES).get(id)) ?? newPolicy(id, await firstNumber(tx))
      await rememberSigned(tx, id, { version, digest: policyDigest })
      const others = (policy.waiting ?? []).filter((run) => run !== approval.run)
      await tx.documents(POLICIES).put({ ...policy, waiting: approval.state === 'waiting' ? [...others, approval.run!] : others })
    }
  }

  private async load(tx: Transaction, digest: string): Promise<Approval> {
    const approval = await tx.documents(APPROVALS).get(digest)
    if (approval !== undefined) return approval
    throw new HmsError(
      'HMS_APPROVER_APPROVAL_UNKNOWN',
      `Nothing was prepared under ${digest}; what was signed is not what this service prepared.`,
      {
        status: 404,
        next: ['hms-svc approve FILE --sign NAME'],
      },
    )
  }
}

/** Another preparation of the same files was signed since this one was made: one plan is rolled out, so the signed one wins. */
async function requireUnsigned(tx: Transaction, approval: Approval): Promise<void> {
  const other = (await signedSiblings(tx, approval.members))[0]
  if (other === undefined) return
  throw new HmsError(
    'HMS_APPROVER_SIGNED_OTHERWISE',
    `Another preparation of the same files was signed meanwhile (${other.digest}). Countersign that: leave the plan options out.`,
    {
      status: 409,
      next: [`hms-svc approvals show ${other.digest}`, 'hms-svc approve FILE --sign NAME'],
      state: { digest: other.digest, run: other.run },
    },
  )
}

function withSignature(release: ReleaseDocument, request: ApprovalRequest): ReleaseDocument {
  const { keyid, sig } = request.signatures.find((signature) => signature.release === release.releaseDigest)!
  return {
    ...release,
    envelope: {
      ...release.envelope,
      signatures: [...release.envelope.signatures.filter((known) => known.keyid !== keyid), { keyid, sig }],
    },
  }
}
