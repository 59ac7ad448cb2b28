import { peekPredicate, stepsOf, type GuardTrial, type JsonObject, type ReleaseDocument } from '#libs/contracts'
import { guard, judgeReleases, principalOf, type GuardVerdict } from '#libs/guard'
import { Database, type Transaction } from '#libs/persistence'
import { Rosters } from '#libs/service'
import { approvalRequirement, buildRelease, unlessRefused, type Principal, type ReleasePredicate } from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { ApproverConfig } from '../approver.config.js'
import { parsePolicies, type ParsedPolicy } from './parse-policies.js'
import { unsigned } from './prepare-release.js'
import { ReadStoredHeads } from '../policies/read-stored-heads.js'
import { liveReleases } from '../policies/stored-heads.js'
import { RulesInForce } from '../policies/rules-in-force.js'

/** Maximum number of possible signers that are evaluated. */
const MAX_PEOPLE = 20
const WEIGHT = { PASS: 0, WARN: 1, FAIL: 2 } as const

/**
 * Evaluates the guard for policies as if they were approved now with approver's default plan. The live releases come from approver's
 * records, or from config-store's heads if these are newer. Stores and signs nothing.
 */
@Injectable()
export class TryGuard {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly config: ApproverConfig,
    private readonly rules: RulesInForce,
    private readonly storedHeads: ReadStoredHeads,
  ) {}

  async execute(given: readonly JsonObject[]): Promise<GuardTrial> {
    const policies = parsePolicies(given)
    const ids = policies.map(({ policy }) => policy.id)
    const { heads } = await this.storedHeads.execute(ids)
    return this.database.transaction(async (tx) => this.judge(policies, await liveReleases(tx, ids, heads), await this.rules.of(tx), tx))
  }

  private judge(
    policies: readonly ParsedPolicy[],
    live: Record<string, ReleaseDocument | null>,
    rules: readonly ReleaseDocument[],
    { now }: Transaction,
  ): GuardTrial {
    const roster = this.rosters.newest
    const releases = policies.map(({ policy }) => this.releaseOf(policy as ReleasePredicate['policy'], live[policy.id] ?? null, now))
    const request = { releases, live, rules }
    const people = this.eligible(releases)
    const approvals = people.map((person) =>
      judgeReleases(guard, roster, { ...request, action: 'approve', principal: principalOf(roster, person) }),
    )
    // The mildest verdict counts, because one possible signer without a forbidding rule is enough.
    const [approve] = approvals.sort((a, b) => WEIGHT[a.verdict] - WEIGHT[b.verdict])
    const [service] = [...roster.principals.values()].filter(({ kind, id }) => kind === 'service' && id === 'canary-controller')
    const advance =
      service === undefined
        ? undefined
        : judgeReleases(guard, roster, { ...request, action: 'advance', principal: principalOf(roster, service), stage: 'canary' })
    const strictest = [approve, advance]
      .filter((verdict): verdict is GuardVerdict => verdict !== undefined)
      .sort((a, b) => WEIGHT[b.verdict] - WEIGHT[a.verdict])[0]
    if (people.length === 0 || strictest === undefined)
      return { verdict: 'FAIL', rule: null, sentence: 'No person of the roster may approve this.' }
    return { verdict: strictest.verdict, rule: strictest.rule ?? null, sentence: strictest.sentence }
  }

  /** Returns the people who may sign all of the releases, `MAX_PEOPLE` at most. */
  private eligible(releases: readonly ReleaseDocument[]): Principal[] {
    const roster = this.rosters.newest
    const entitled = releases.map((release) => {
      const predicate = peekPredicate<ReleasePredicate>(release.envelope)
      return new Set(unlessRefused(() => approvalRequirement(roster, predicate).eligible, []))
    })
    return [...roster.principals.values()].filter(({ id }) => entitled.every((ids) => ids.has(id))).slice(0, MAX_PEOPLE)
  }

  private releaseOf(policy: ReleasePredicate['policy'], live: ReleaseDocument | null, now: Date): ReleaseDocument {
    const plan = this.config.defaultPlan
    const previous = live === null ? null : { version: live.version, digest: live.releaseDigest, releaseEpoch: live.releaseEpoch }
    const expires = new Date(now.getTime() + this.config.approvalExpiryMs).toISOString()
    return unsigned(
      buildRelease({
        policy,
        releaseEpoch: (live?.releaseEpoch ?? 0) + 1,
        previous,
        fallbacks: [],
        scopes: ['global', ...stepsOf(plan).map(({ scope }) => scope)],
        author: null,
        plan,
        preparedAt: now.toISOString(),
        expires,
      }),
    )
  }
}
