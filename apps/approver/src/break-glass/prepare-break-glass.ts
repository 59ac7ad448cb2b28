import type { PrepareBreakGlassRequest, PreparedApproval } from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import { Database } from '#libs/persistence'
import { Rosters } from '#libs/service'
import { digestOfJson } from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { preparedView } from '../approvals/approval-view.js'
import { authorOf } from '../approvals/authors.js'
import { StoredHeadsFallback } from '../approvals/stored-heads-fallback.js'
import { KeepPreparations } from '../approvals/keep-preparations.js'
import { membersOf, type ParsedPolicy, parsePolicies } from '../approvals/parse-policies.js'
import { withinBounds } from '../approvals/plan-bounds.js'
import { historiesOf, partnersOf, recordsOf, unsignedApproval } from '../approvals/prepare-approval.js'
import { prepareReleases, withDroppedTags } from '../approvals/prepare-release.js'
import { requireEventsFit } from '../approvals/run-size.js'
import { ApproverConfig } from '../approver.config.js'

/** Validity of a preparation in ms, for signing and execution. */
const PREPARATION_TTL_MS = 30 * 60 * 1000

/** Prepares a break-glass release with its reason. It follows the live release, even during a run. The plan is a bake without canary. */
@Injectable()
export class PrepareBreakGlass {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly config: ApproverConfig,
    private readonly preparations: KeepPreparations,
    private readonly storedHeadsFallback: StoredHeadsFallback,
  ) {}

  /** Prepares a new approval each time. One request must bring all signatures, so no approval is partly signed. `by`: id of the caller. */
  execute(request: PrepareBreakGlassRequest, by = 'anyone'): Promise<PreparedApproval> {
    const policies = parsePolicies(request.policies)
    const ids = policies.map(({ policy }) => policy.id)
    return this.storedHeadsFallback.explainRefusal(ids, () => this.attempt(request, policies, by))
  }

  private attempt(request: PrepareBreakGlassRequest, policies: ParsedPolicy[], by: string): Promise<PreparedApproval> {
    const { reason } = request
    const roster = this.rosters.newest
    const ids = policies.map(({ policy }) => policy.id)
    return this.database.locked(ids.map(policyKey), async (tx) => {
      const records = await recordsOf(tx, ids)
      const predecessors = new Map([...records].map(([id, { live }]) => [id, live]))
      const histories = await historiesOf(tx, policies, { records, roster })
      const newPolicies = withDroppedTags(roster, policies, histories, predecessors).map((each) => ({ ...each, breakGlass: { reason } }))
      const authors = new Map(newPolicies.map((each) => [each.policy.id, authorOf(each, request, roster)]))
      const fixed = { ...this.config.defaultPlan, bakeMs: this.config.breakGlassBakeMs, partners: partnersOf(newPolicies) }
      const plan = newPolicies.reduce((bounded, each) => withinBounds(bounded, roster, each), fixed)
      const expiresAt = new Date(tx.now.getTime() + PREPARATION_TTL_MS)
      const known = { records, histories, predecessors, authors }
      const releases = prepareReleases({ ...known, policies: newPolicies, plan, fallbacks: [], now: tx.now, expiresAt })
      requireEventsFit(roster, { releases, live: [...predecessors.values()], plan })
      const identity = { members: `break-glass ${membersOf(policies)}`, request: digestOfJson({ breakGlass: { reason } }) }
      const approval = await unsignedApproval(tx, roster, { ...identity, releases, plan }, expiresAt)
      await this.preparations.add(tx, approval, by)
      return preparedView(tx, approval, { records, roster })
    })
  }
}
