import {
  action,
  HmsError,
  peekPredicate,
  type Change,
  type ReleaseDocument,
  type RollbackMove,
  type RollbackPreview,
  type RollbackRequest,
  type RollbackResult,
  type SignedStatement,
} from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import { Database, type Transaction } from '#libs/persistence'
import { Metrics } from '#libs/platform'
import { keyReused, Rosters, type Actor } from '#libs/service'
import { digestOfJson, type ReleasePredicate } from '#libs/signing'
import { withProof } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { RunRollout } from '../rollouts/run-rollout.js'
import { liveVersion } from '../stable/live-version.table.js'
import { refusedOf } from '../stable/refused-releases.js'
import { reversalOf, seqsOf } from '../stable/stable-moves.js'
import { newestOf, rollBackTo, runOf, stableOf, rolledBackRelease, type Stable } from '../stable/stable.table.js'
import { chooseTarget, releasesOf } from './choose-target.js'
import { GuardRollback } from './guard-rollback.js'
import { ROLLBACKS, type CommittedRollback } from './rollback.table.js'

interface Reversal {
  stable: Stable
  to: ReleaseDocument
}

/** Rolls policies back by signed heads: committed first, then posted to every config-store at once, not waiting for a broker. */
@Injectable()
export class RollBack {
  /** Created at startup, so that its series begins at 0: Prometheus does not count the first value of a series as an increase. */
  private readonly seconds = this.metrics.histogram(
    'rollback_duration_seconds',
    'Time from a call to roll back until every config-store that can be reached has stored or refused the heads',
    [],
    [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  )

  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly metrics: Metrics,
    private readonly runRollout: RunRollout,
    private readonly guardRollback: GuardRollback,
  ) {}

  /**
   * Rolls back. `key`: id of the call, derived from its `Idempotency-Key`; a retry with the same key commits nothing new. `statement`:
   * request as signed by the caller; missing for a program, whose token signs nothing.
   */
  async execute(request: RollbackRequest, by: Actor, { key, statement }: RollbackCall = {}): Promise<RollbackResult> {
    const startedAt = performance.now()
    const { moves } = this.runRollout
    const members = await this.database.transaction(async (tx) => membersOf(await stableOf(tx, request.policy), request))
    const committed = await this.database.locked(members.map(policyKey), async (tx) => {
      const before = key === undefined ? undefined : await tx.documents(ROLLBACKS).get(key)
      if (before !== undefined && before.request !== digestOfJson(request)) throw keyReused()
      if (before !== undefined) return before
      const reversals = await this.reversals(tx, request, members)
      const denied = await this.guardRollback.execute(tx, reversals, by)
      if (denied !== undefined) return denied // guard: guard-rollback
      const change = changeOf(request, by, statement)
      const together = reversals.map(({ stable }) => stable.policy)
      const moved = reversals.map(({ stable, to }) => {
        const after = rollBackTo(stable, to, together, tx.now)
        return { before: stable, after, event: reversalOf(stable, after, { to, change, run: null }) }
      })
      // The key is the first policy id in sorted order, so that other services receive the events in one order.
      const issued = await moves.moveStable(tx, moved, { key: members[0]!, change })
      const seqs = Object.fromEntries(seqsOf(moved.map(({ after }) => after)))
      const committedNow = { issued, result: resultOf(request, reversals, seqs), seqs }
      if (key !== undefined) await tx.documents(ROLLBACKS).put({ key, request: digestOfJson(request), ...committedNow })
      return committedNow
    })
    if (committed instanceof HmsError) throw committed
    const { issued, result, seqs = {} } = committed
    const delivered = await moves.deliver(issued, new Map(Object.entries(seqs)), async (tx) => {
      if (key !== undefined) await tx.documents(ROLLBACKS).delete(key)
    })
    this.seconds.observe((performance.now() - startedAt) / 1_000)
    return { ...result, ...delivered }
  }

  /** Returns what `execute` would change now; changes nothing. Throws the target errors of `execute`. */
  preview(request: RollbackRequest): Promise<RollbackPreview> {
    return this.database.transaction(async (tx) => {
      const members = membersOf(await stableOf(tx, request.policy), request)
      return { id: request.policy, version: request.version, moved: movesOf(await this.reversals(tx, request, members)) }
    })
  }

  private async reversals(tx: Transaction, request: RollbackRequest, members: string[]): Promise<Reversal[]> {
    const reversals: Reversal[] = []
    const requested = await stableOf(tx, request.policy)
    const isReinstatement = requested !== undefined && rolledBackRelease(requested)?.version === request.version
    // Checks the requested policy first, so that an error names it and not another policy of the bundle.
    const ordered = [request.policy, ...members.filter((policy) => policy !== request.policy)]
    for (const policy of ordered) {
      const stable = await stableOf(tx, policy)
      const version =
        policy === request.policy ? request.version : isReinstatement ? versionRolledBackWith(stable!, request.policy) : previousOf(stable)
      // Skips a policy of the bundle that has changed since it was rolled back, or since it became live.
      if (policy !== request.policy && (isReinstatement ? version === undefined : !isOfSameRun(requested!, stable!))) continue
      if (version === undefined) {
        throw new HmsError(
          'HMS_ROLLOUT_BUNDLE_FIRST',
          `${policy} became live together with ${request.policy} and had no earlier version. Roll back one policy with --only.`,
          { status: 409, next: [action('rollback.only', { policy: request.policy, version: request.version })] },
        )
      }
      const wasLive = (await liveVersion(tx, policy, version)) !== undefined
      const refused = await refusedOf(tx, releasesOf(stable, version), this.rosters.newest)
      const to = chooseTarget(stable, { policy, version, wasLive, refused })
      reversals.push({ stable: stable!, to: await withProof(tx, to) })
    }
    return reversals.sort((a, b) => members.indexOf(a.stable.policy) - members.indexOf(b.stable.policy))
  }
}

export interface RollbackCall {
  key?: string
  statement?: SignedStatement
}

function changeOf({ reason, publicReason }: RollbackRequest, { name }: Actor, statement: SignedStatement | undefined): Change {
  return {
    cause: 'rollback',
    by: [name],
    reason: reason ?? null,
    ...(publicReason === undefined ? {} : { publicReason }),
    statements: statement === undefined ? [] : [statement],
  }
}

/** Returns the policies to roll back, or reinstate, together: the whole bundle, unless only one is requested. */
function membersOf(stable: Stable | undefined, request: RollbackRequest): string[] {
  if (request.only === true || stable === undefined) return [request.policy]
  // guard: rollback-whole-bundle
  if (rolledBackRelease(stable)?.version === request.version) return [...new Set([request.policy, ...stable.takenBackWith])].sort()
  if (previousOf(stable) !== request.version) return [request.policy]
  return [...new Set([request.policy, ...(stable.next ?? stable).bundle])].sort()
}

/** Returns the version to reinstate for a policy that was rolled back together with `policy`; `undefined` if it was not. */
function versionRolledBackWith(stable: Stable, policy: string): string | undefined {
  return stable.takenBackWith.includes(policy) ? rolledBackRelease(stable)?.version : undefined
}

/** Whether the newest releases of both policies are of one run; `false` if people have withdrawn the other policy since. */
function isOfSameRun(requested: Stable, other: Stable): boolean {
  return runOf(other, newestOf(other)) === runOf(requested, newestOf(requested)) // guards: withdrawn-stays, moved-on-stays
}

/** Returns the version before the newest release: the version in force if the newest is only held, else the version that it replaced. */
function previousOf(stable: Stable | undefined): string | undefined {
  if (stable?.next !== undefined) return stable.current?.version
  if (stable?.current === null || stable?.current === undefined) return undefined
  return peekPredicate<ReleasePredicate>(stable.current.envelope).previous?.version
}

function resultOf(request: RollbackRequest, reversals: Reversal[], seqs: Record<string, number>): CommittedRollback['result'] {
  const { stable, to } = reversals.find((reversal) => reversal.stable.policy === request.policy)!
  return {
    id: request.policy,
    version: to.version,
    from: newestOf(stable)?.version ?? null,
    moved: movesOf(reversals),
    seq: seqs[request.policy]!,
    digest: to.releaseDigest,
  }
}

function movesOf(reversals: readonly Reversal[]): RollbackMove[] {
  return reversals.map(({ stable, to }) => ({ id: stable.policy, from: newestOf(stable)?.version ?? null, version: to.version }))
}
