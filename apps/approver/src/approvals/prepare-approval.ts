import {
  action,
  metricsProblem,
  HmsError,
  type PlanOptions,
  type PreparedApproval,
  type PrepareRequest,
  type ReleaseDocument,
  type RampStep,
  type RolloutPlan,
} from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import { Database, type Transaction } from '#libs/persistence'
import { rampProblem } from '#libs/policy'
import { Rosters, type Upcoming } from '#libs/service'
import { approvalDigest, approvalState, digestOfJson, effectiveMs, readRelease, type Roster } from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { ApproverConfig } from '../approver.config.js'
import { POLICIES, policyOrNew, predecessorOf, type PolicyRecord } from '../policies/policy.table.js'
import { quarantined } from '../policies/quarantine.js'
import { withStoredHead, type StoredHead } from '../policies/stored-heads.js'
import { runOf } from '../runs/run.table.js'
import { preparedView } from './approval-view.js'
import { type Approval, approvalOfRun, APPROVALS, signedSiblings } from '../runs/approval.table.js'
import { KeepPreparations } from './keep-preparations.js'
import { authorOf } from './authors.js'
import { offered, refusedOf } from './fallbacks.js'
import { releasedOf, releaseOf, signedAs } from '../policies/policy-version.table.js'
import { StoredHeadsFallback } from './stored-heads-fallback.js'
import { membersOf, type ParsedPolicy, parsePolicies } from './parse-policies.js'
import { withRequiredEvidence, outOfBounds } from './plan-bounds.js'
import { prepareReleases, withDroppedTags, type NewPolicy, type PolicyHistory, type PrepareInput } from './prepare-release.js'
import { requireEventsFit } from './run-size.js'
import { predicateOf, requireSamePlan } from './same-plan.js'
import { mayBeSuperseded, afterSuperseding } from '../runs/end-stale.js'

const REUSE_MS = 60 * 60 * 1000

/** Prepares the releases for signing, or returns an earlier preparation of the same files. */
@Injectable()
export class PrepareApproval {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly config: ApproverConfig,
    private readonly preparations: KeepPreparations,
    private readonly storedHeadsFallback: StoredHeadsFallback,
  ) {}

  /**
   * Prepares an approval. If people already signed the same files, returns their approval, to be countersigned. An unsigned preparation is
   * reused only for an equal request. `by`: id of the caller.
   */
  execute(request: PrepareRequest, by = 'anyone'): Promise<PreparedApproval> {
    const policies = parsePolicies(request.policies)
    if (request.queue === true && request.supersede === true) {
      const detail = 'A release either waits behind the run in progress (queue) or ends it (supersede), not both.'
      throw new HmsError('HMS_APPROVER_QUEUE_OR_SUPERSEDE', detail, { status: 400, next: [action('help.approve')] })
    }
    const ids = policies.map(({ policy }) => policy.id)
    return this.storedHeadsFallback.retryWithHeads(ids, (heads) => this.attempt(request, policies, by, heads))
  }

  /** `heads`: stable heads newer than approver's records, see `StoredHeadsFallback`. */
  private attempt(request: PrepareRequest, policies: ParsedPolicy[], by: string, heads: readonly StoredHead[]): Promise<PreparedApproval> {
    const ids = policies.map(({ policy }) => policy.id)
    return this.database.locked(ids.map(policyKey), async (tx) => {
      const records = await recordsOf(tx, ids, heads)
      const signed = await signedSiblings(tx, membersOf(policies))
      if (signed[0] !== undefined) {
        requireSamePlan(signed[0], request, this.rosters.newest)
        const known = await recordsOf(tx, ids, signed[0].storedHeads)
        return preparedView(tx, signed[0], { records: known, roster: this.rosters.newest })
      }
      const predecessors = await this.predecessors(tx, policies, records, request)
      const roster = this.rosters.newest
      const histories = await historiesOf(tx, policies, { records, roster, named: request.plan?.fallbacks })
      const newPolicies = withDroppedTags(roster, policies, histories, predecessors)
      const authors = new Map(newPolicies.map((each) => [each.policy.id, authorOf(each, request, roster)]))
      const identity = { members: membersOf(policies), state: 'prepared', request: fingerprintOf(request, authors) }
      const known = (await tx.documents(APPROVALS).find({ where: identity, orderBy: 'prepared_at', descending: true, limit: 1 }))[0]
      const isReusable =
        known !== undefined && // guard: quarantine-prepared
        isStillValid(known, roster, predecessors, tx.now) &&
        (await quarantined(tx, known)) === undefined &&
        !hasRefusedFallback(known, histories)
      if (isReusable) return preparedView(tx, known, { records, roster })
      const approval = await this.prepare(tx, request, newPolicies, { records, histories, predecessors, authors }, heads)
      await this.preparations.add(tx, approval, by)
      return preparedView(tx, approval, { records, roster })
    })
  }

  private async prepare(
    tx: Transaction,
    request: PrepareRequest,
    policies: NewPolicy[],
    known: Pick<PrepareInput, 'records' | 'histories' | 'predecessors' | 'authors'>,
    heads: readonly StoredHead[],
  ): Promise<Approval> {
    const expiresAt = new Date(tx.now.getTime() + this.config.approvalExpiryMs)
    const plan = withRequiredEvidence(this.planOf(request.plan ?? {}, policies), this.rosters.newest, policies)
    const input = { ...known, policies, plan, fallbacks: request.plan?.fallbacks ?? [], now: tx.now, expiresAt }
    const releases = prepareReleases(input)
    // The predecessor may be held. Depending on the run's start, the dossier has the predecessor or the release live now: both must fit.
    for (const live of [[...known.predecessors.values()], [...known.records.values()].map((record) => record.live)])
      requireEventsFit(this.rosters.newest, { releases, live, plan }) // guard: run-size
    const identity = { members: membersOf(policies), request: fingerprintOf(request, known.authors) }
    const optional = {
      ...(request.supersede === true ? { supersede: true as const } : {}),
      ...(heads.length === 0 ? {} : { storedHeads: heads }),
    }
    return unsignedApproval(tx, this.rosters.newest, { ...identity, releases, plan, ...optional }, expiresAt)
  }

  private planOf(options: PlanOptions, policies: readonly Pick<NewPolicy, 'policy'>[]): RolloutPlan {
    const ramp = this.rampOf(options)
    const { scope, share } = ramp[0]!
    const observeMs = options.observeMs ?? this.config.observeMs
    const metrics = options.metrics ?? []
    const problem = metricsProblem(metrics)
    if (problem !== undefined) throw new HmsError('HMS_METRIC_INVALID', `plan: ${problem}`, { status: 400 })
    return {
      share,
      scope,
      scopeName: this.config.nameOfScope(scope),
      observeMs,
      bakeMs: options.bakeMs ?? observeMs,
      partners: options.partners ?? partnersOf(policies),
      ...(metrics.length === 0 ? {} : { metrics }),
      ...(ramp.length === 1 ? {} : { ramp }),
    }
  }

  /** Returns the steps of the canary: one step if the caller requests no ramp. */
  private rampOf({ ramp, share, scope }: PlanOptions): RampStep[] {
    const isBoth = ramp !== undefined && (share !== undefined || scope !== undefined)
    const steps = ramp ?? [{ share: share ?? 500, scope: scope ?? this.config.scope }]
    const problem = isBoth ? 'it defines shares and scopes: leave out share and scope' : rampProblem(steps)
    if (problem !== undefined) throw new HmsError('HMS_RAMP_INVALID', `ramp: ${problem}`, { status: 400 })
    return steps.map((step) => ({ share: step.share, scope: step.scope, scopeName: this.config.nameOfScope(step.scope) }))
  }

  /**
   * Returns the release that each new one follows: the live or held one. `queue`: the release of the last run ahead; without it, a run
   * ahead is a conflict. `supersede`: the live release, or that of an active run which may no longer be superseded.
   */
  private async predecessors(
    tx: Transaction,
    policies: ParsedPolicy[],
    records: Map<string, PolicyRecord>,
    { queue, supersede }: PrepareRequest,
  ): Promise<Map<string, ReleaseDocument | null>> {
    const predecessors = new Map<string, ReleaseDocument | null>()
    for (const { policy } of policies) {
      const known = records.get(policy.id)!
      const record = supersede === true ? await afterSuperseding(tx, known) : known
      const ahead = supersede === true ? await this.unsupersedableRun(tx, record) : (record.queue.at(-1) ?? record.active)
      if (ahead === null) {
        const followed = predecessorOf(record, effectiveMs(policy))
        if (queue !== true && supersede !== true && followed !== record.live) throw releaseHeld(record.id, record.next!)
        predecessors.set(record.id, followed)
        continue
      }
      if (queue !== true && supersede !== true) {
        throw new HmsError(
          'HMS_APPROVER_RUN_ACTIVE',
          `Run #${ahead} of ${record.id} has not ended. Watch it, wait behind it with --queue, or end it with --supersede.`,
          { status: 409, next: [action('runs.watch', { run: ahead })], state: { run: ahead } },
        )
      }
      const approval = await approvalOfRun(tx, ahead)
      predecessors.set(record.id, approval?.releases.find((release) => release.id === record.id) ?? record.live)
    }
    return predecessors
  }

  /** Returns the active run if it may no longer be superseded, else `null`. */
  private async unsupersedableRun(tx: Transaction, { active }: PolicyRecord): Promise<number | null> {
    const run = await runOf(tx, active)
    return run === undefined || (await mayBeSuperseded(tx, run)) ? null : active
  }
}

function releaseHeld(id: string, { release, at }: Upcoming): HmsError {
  const detail =
    `${id}@${release.version} takes effect at ${at}, and readers hold at most one release besides the one in force. Wait ` +
    `behind it with --queue, or take it back.`
  return new HmsError('HMS_APPROVER_RELEASE_HELD', detail, {
    status: 409,
    next: [action('approve.queue')],
    state: { version: release.version, effective: at },
  })
}

function fingerprintOf({ plan, supersede }: PrepareRequest, authors: Map<string, string | null>): string {
  return digestOfJson({ plan: plan ?? {}, authors: Object.fromEntries(authors), ...(supersede === true ? { supersede } : {}) })
}

/** Whether an unsigned preparation is younger than `REUSE_MS`, within the roster's bounds, and still follows these predecessors. */
export function isStillValid(approval: Approval, roster: Roster, predecessors: Map<string, ReleaseDocument | null>, now: Date): boolean {
  if (Date.parse(approval.preparedAt) <= now.getTime() - REUSE_MS) return false
  return approval.releases.every(({ id, envelope }) => {
    const release = readRelease(envelope)
    const isWithin = approvalState(roster, release).outside === undefined // guard: reused-within-bounds
    return isWithin && (release.predicate.previous?.digest ?? null) === (predecessors.get(id)?.releaseDigest ?? null)
  })
}

/** Whether a preparation from before a roster change names a fallback that readers now refuse. */
function hasRefusedFallback({ releases }: Approval, histories: ReadonlyMap<string, PolicyHistory>): boolean {
  return releases.some((release) => predicateOf(release).fallbacks.some(({ digest }) => histories.get(release.id)!.refused.has(digest)))
}

/** Returns the records of the policies by id, as if approver had already received `heads`. */
export async function recordsOf(
  tx: Transaction,
  ids: readonly string[],
  heads: readonly StoredHead[] = [],
): Promise<Map<string, PolicyRecord>> {
  return new Map(await Promise.all(ids.map(async (id) => [id, withStoredHead(await policyOrNew(tx, id), heads, tx.now)] as const)))
}

/** Builds an unsigned approval, and stores the epochs of its releases. Refuses a plan outside the roster's bounds. */
export async function unsignedApproval(
  tx: Transaction,
  roster: Roster,
  prepared: Pick<Approval, 'members' | 'request' | 'releases' | 'plan' | 'supersede' | 'storedHeads'>,
  expiresAt: Date,
): Promise<Approval> {
  const { releases } = prepared
  // guard: stored-head-not-recorded
  for (const { id, releaseEpoch } of releases) await tx.documents(POLICIES).put({ ...(await policyOrNew(tx, id)), releaseEpoch })
  return {
    ...prepared,
    digest: approvalDigest(releases),
    state: 'prepared',
    run: null,
    signedBy: [],
    missing: missingOf(roster, releases),
    preparedAt: tx.now.toISOString(),
    expiresAt: expiresAt.toISOString(),
  }
}

/** Returns all partners that any of the policies names; `null`, which means every partner, if none names any. */
export function partnersOf(policies: readonly Pick<NewPolicy, 'policy'>[]): string[] | null {
  const own = [...new Set(policies.flatMap(({ policy }) => policy.partners ?? []))]
  return own.length > 0 ? own : null
}

export async function historiesOf(
  tx: Transaction,
  policies: ParsedPolicy[],
  { records, roster, named: fallbacks = [] }: { records: Map<string, PolicyRecord>; roster: Roster; named?: readonly string[] },
): Promise<Map<string, PolicyHistory>> {
  const histories = new Map<string, PolicyHistory>()
  for (const {
    policy: { id, version },
  } of policies) {
    const record = records.get(id)!
    const versions = fallbacks.filter((name) => name.startsWith(`${id}@`)).map((name) => name.slice(id.length + 1))
    const given = await Promise.all(versions.map(async (each) => (await releaseOf(tx, record, each)) ?? []))
    const released = [...given.flat(), ...(await releasedOf(tx, record))]
    histories.set(id, {
      released,
      refused: await refusedOf(tx, offered(record, released, versions), roster),
      signed: await signedAs(tx, id, version),
    })
  }
  return histories
}

/** Returns roles whose signatures a release lacks, and `author` if one must sign. Throws 422 `HMS_APPROVER_PLAN_BOUNDS`. */
export function missingOf(roster: Roster, releases: ReleaseDocument[]): string[] {
  const states = releases.map(({ envelope }) => approvalState(roster, readRelease(envelope)))
  const outside = states.find((state) => state.outside !== undefined)?.outside
  if (outside !== undefined) throw outOfBounds(outside)
  return [...new Set(states.flatMap(({ missing }) => missing))]
}
