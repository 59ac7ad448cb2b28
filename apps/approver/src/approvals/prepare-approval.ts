import { HmsError, isTerminal, peekPredicate, type PlanOptions, type PreparedApproval, type PrepareRequest, type ReleaseDocument, type RolloutPlan } from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { stateOf } from '#libs/pipeline'
import { hasErrors, parsePolicy, type PolicyDocument } from '#libs/policy'
import { approvalState, digestOfJson, type ReleasePredicate, type Roster } from '#libs/signing'
import { ServiceRuntime } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { ApproverConfig } from '../approver.config.js'
import { newPolicy, POLICIES, type PolicyRecord } from '../policies/policy.entity.js'
import { RUNS } from '../runs/run.entity.js'
import { preparedView } from './approval-view.js'
import { APPROVALS, type Approval } from './approval.entity.js'
import { contradictionOf, prepareReleases } from './prepare-release.js'

type Parsed = { policy: PolicyDocument; digest: string }

/** New and live documents of a run travel in one message; this keeps it below the bound of a signed payload. */
const MAX_RUN_BYTES = 320 * 1024
const REUSE_MS = 60 * 60 * 1000

/** Prepares what people sign, or finds what was prepared for the same files. */
@Injectable()
export class PrepareApproval {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly config: ApproverConfig,
  ) {}

  execute(request: PrepareRequest): Promise<PreparedApproval> {
    const policies = parseAll(request)
    const options = request.plan ?? {}
    return this.runtime.database.transaction(async (tx) => {
      await tx.lock(policies.map(({ policy }) => policyKey(policy.id)))
      const records = await this.load(tx, policies)
      const known = await this.findOpen(tx, membersOf(policies))
      if (known !== undefined && known.state !== 'prepared') {
        requireSamePlan(known, options)
        return this.view(tx, known, records)
      }
      const predecessors = await this.predecessors(tx, records, request.queue === true)
      if (known !== undefined) {
        if (known.request === fingerprintOf(request) && standsOn(known, predecessors, tx.now)) return this.view(tx, known, records)
        // Nobody has signed it, and it no longer says what is asked for.
        await tx.documents(APPROVALS).delete(known.digest)
      }
      return this.prepare(tx, request, policies, records, predecessors)
    })
  }

  private async prepare(
    tx: Transaction,
    request: PrepareRequest,
    policies: Parsed[],
    records: Map<string, PolicyRecord>,
    predecessors: Map<string, ReleaseDocument | null>,
  ): Promise<PreparedApproval> {
    const expiresAt = new Date(tx.now.getTime() + this.config.approvalExpiryMs)
    const plan = this.planOf(request.plan ?? {}, policies)
    const input = { policies, records, plan, fallbacks: request.plan?.fallbacks ?? [], author: request.author ?? null, predecessors, now: tx.now, expiresAt }
    const releases = prepareReleases(input)
    for (const release of releases) await tx.documents(POLICIES).put({ ...records.get(release.id)!, releaseEpoch: release.releaseEpoch })
    const approval: Approval = {
      digest: approvalDigest(releases),
      members: membersOf(policies),
      request: fingerprintOf(request),
      state: 'prepared',
      run: null,
      releases,
      plan,
      signedBy: [],
      missing: missingOf(this.runtime.roster, releases),
      preparedAt: tx.now.toISOString(),
      expiresAt: expiresAt.toISOString(),
    }
    await tx.documents(APPROVALS).put(approval)
    return this.view(tx, approval, records)
  }

  private async load(tx: Transaction, policies: Parsed[]): Promise<Map<string, PolicyRecord>> {
    const records = new Map<string, PolicyRecord>()
    for (const { policy } of policies) records.set(policy.id, (await tx.documents(POLICIES).get(policy.id)) ?? newPolicy(policy.id))
    return records
  }

  /** The approval of the same files that still waits, or whose run has not ended. */
  private async findOpen(tx: Transaction, members: string): Promise<Approval | undefined> {
    const candidates = await tx.documents(APPROVALS).find({ where: { members, state: ['prepared', 'waiting', 'complete'] }, orderBy: 'prepared_at', descending: true, limit: 5 })
    for (const approval of candidates) {
      if (approval.run === null) return approval
      const run = await tx.documents(RUNS).get(String(approval.run))
      if (run !== undefined && !isTerminal(stateOf(run.facts))) return approval
    }
    return undefined
  }

  private planOf(options: PlanOptions, policies: Parsed[]): RolloutPlan {
    const scope = options.scope ?? this.config.scope
    const observeMs = options.observeMs ?? this.config.observeMs
    const own = [...new Set(policies.flatMap(({ policy }) => policy.partners ?? []))]
    return {
      share: options.share ?? 500,
      scope,
      scopeName: this.config.nameOfScope(scope),
      observeMs,
      bakeMs: options.bakeMs ?? observeMs,
      partners: options.partners ?? (own.length > 0 ? own : null),
    }
  }

  /** What each new release follows. While a run is under way that is its release, and only who says `queue` may wait behind it. */
  private async predecessors(tx: Transaction, records: Map<string, PolicyRecord>, queue: boolean): Promise<Map<string, ReleaseDocument | null>> {
    const predecessors = new Map<string, ReleaseDocument | null>()
    for (const record of records.values()) {
      const ahead = record.queue.at(-1) ?? record.active
      if (ahead === null) {
        predecessors.set(record.id, record.live)
        continue
      }
      if (!queue) {
        throw new HmsError('HMS_APPROVER_RUN_ACTIVE', `Run #${ahead} of ${record.id} has not ended. Watch it, or wait behind it with --queue.`, {
          status: 409,
          next: [`hms-svc runs watch ${ahead}`],
          state: { run: ahead },
        })
      }
      const run = await tx.documents(RUNS).get(String(ahead))
      const approval = run === undefined ? undefined : await tx.documents(APPROVALS).get(run.approval)
      predecessors.set(record.id, approval?.releases.find((release) => release.id === record.id) ?? record.live)
    }
    return predecessors
  }

  private async view(tx: Transaction, approval: Approval, records: Map<string, PolicyRecord>): Promise<PreparedApproval> {
    const run = approval.run === null ? undefined : await tx.documents(RUNS).get(String(approval.run))
    return preparedView(approval, run, records)
  }
}


function parseAll(request: PrepareRequest): Parsed[] {
  const parsed = request.policies.map((policy, index) => {
    const result = parsePolicy(JSON.stringify(policy), `policies[${index}]`)
    if (result.ok) return { policy: result.source.policy, digest: result.source.digest }
    const errors = result.findings.filter((finding) => hasErrors([finding])).map((finding) => ({ pointer: `/policies/${index}${finding.pointer ?? ''}`, detail: finding.message }))
    throw new HmsError('HMS_APPROVER_POLICY_INVALID', errors.map((error) => error.detail).join('; '), { status: 422, errors, next: ['hms-svc lint FILE'] })
  })
  const ids = parsed.map(({ policy }) => policy.id)
  if (new Set(ids).size < ids.length) throw new HmsError('HMS_APPROVER_BUNDLE_TWICE', 'A bundle holds each policy once.', { status: 422 })
  const bytes = Buffer.byteLength(JSON.stringify(request.policies))
  if (bytes > MAX_RUN_BYTES) throw new HmsError('HMS_APPROVER_RUN_TOO_LARGE', `The policies of a run have at most ${MAX_RUN_BYTES} bytes together; these have ${bytes}.`, { status: 413 })
  return parsed.sort((a, b) => (a.policy.id < b.policy.id ? -1 : 1))
}

function requireSamePlan(approval: Approval, options: PlanOptions): void {
  const contradiction = contradictionOf(approval.plan, options) ?? unknownFallback(approval, options.fallbacks ?? [])
  if (contradiction === undefined) return
  throw new HmsError('HMS_APPROVER_PLAN_DIFFERS', `What others signed says: ${contradiction}. Leave the option out to countersign it.`, {
    status: 409,
    next: [`hms-svc approvals show ${approval.digest}`],
  })
}

function unknownFallback(approval: Approval, named: string[]): string | undefined {
  const bound = approval.releases.flatMap((release) => predicateOf(release).fallbacks.map((ref) => `${release.id}@${ref.version}`))
  const missing = named.find((name) => !bound.includes(name))
  return missing === undefined ? undefined : `fallbacks are ${bound.join(', ') || 'none'}, without ${missing}`
}

function fingerprintOf({ plan, author }: PrepareRequest): string {
  return digestOfJson({ plan: plan ?? {}, author: author ?? null })
}

/** Whether an unsigned preparation still follows what is live, and is not about to expire. */
function standsOn(approval: Approval, predecessors: Map<string, ReleaseDocument | null>, now: Date): boolean {
  const young = Date.parse(approval.preparedAt) > now.getTime() - REUSE_MS
  return young && approval.releases.every((release) => (predicateOf(release).previous?.digest ?? null) === (predecessors.get(release.id)?.releaseDigest ?? null))
}

function predicateOf(release: ReleaseDocument): ReleasePredicate {
  return peekPredicate<ReleasePredicate>(release.envelope)
}

function membersOf(policies: Parsed[]): string {
  return policies
    .map(({ digest }) => digest)
    .sort()
    .join(' ')
}

function approvalDigest(releases: ReleaseDocument[]): string {
  const digests = releases.map((release) => release.releaseDigest).sort()
  return digests.length === 1 ? digests[0]! : digestOfJson(digests)
}

/** Roles that still lack people, over all releases. */
export function missingOf(roster: Roster, releases: ReleaseDocument[]): string[] {
  return [...new Set(releases.flatMap((release) => approvalState(roster, peekPredicate<{ policy: PolicyDocument }>(release.envelope).policy, release.envelope).missing))]
}
