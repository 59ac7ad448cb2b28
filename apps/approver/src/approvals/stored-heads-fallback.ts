import { HmsError } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { Injectable } from '@nestjs/common'
import { policyAt, type PolicyRecord } from '../policies/policy.table.js'
import { ReadStoredHeads } from '../policies/read-stored-heads.js'
import { awaitedHead, type StoredHead } from '../policies/stored-heads.js'

/** Codes of refusals that depend on the live releases. */
const BY_LIVE = ['HMS_APPROVER_ALREADY_LIVE', 'HMS_APPROVER_VERSION_NOT_HIGHER']

/**
 * Repeats a check with config-store's heads if approver's own records refuse it. While the broker is down, a rollback reaches config-store
 * but not approver, so these records are outdated. Only received events change the records.
 */
@Injectable()
export class StoredHeadsFallback {
  constructor(
    private readonly database: Database,
    private readonly storedHeads: ReadStoredHeads,
  ) {}

  /** Runs `attempt` with approver's records. If that is refused and config-store has newer heads, runs it again with these heads. */
  async retryWithHeads<T>(ids: readonly string[], attempt: (heads: readonly StoredHead[]) => Promise<T>): Promise<T> {
    return this.attemptOr(ids, () => attempt([]), attempt)
  }

  /**
   * Runs `attempt` with approver's records only, and adds config-store's newer heads to the text of a refusal. Used for runs that start
   * with their last signature: approver must have received these heads by then.
   */
  async explainRefusal<T>(ids: readonly string[], attempt: () => Promise<T>): Promise<T> {
    return this.attemptOr(ids, attempt, (heads, refused) => Promise.reject(withDetail(refused, notReceived(heads))))
  }

  private async attemptOr<T>(
    ids: readonly string[],
    attempt: () => Promise<T>,
    otherwise: (heads: readonly StoredHead[], refused: HmsError) => Promise<T>,
  ): Promise<T> {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof HmsError) || !BY_LIVE.includes(error.code)) throw error
      const { heads, failure } = await this.storedHeads.execute(ids)
      const records = await this.database.transaction((tx) => Promise.all(ids.map((id) => policyAt(tx, id))))
      const known = records.filter((record) => record !== undefined)
      if (failure !== undefined) throw withDetail(error, checkedByReceived(known, failure))
      const newer = known.flatMap((record) => unlessRenewal(record, awaitedHead(record, heads)))
      if (newer.length === 0) throw error
      return otherwise(newer, error)
    }
  }
}

/** Returns the head unless it leaves the record's releases unchanged: rollout does not announce such a renewal to approver. */
function unlessRenewal(record: PolicyRecord, head: StoredHead | undefined): StoredHead[] {
  const [known, stored] = [record, head].map((each) => [each?.live?.releaseDigest, each?.next?.release.releaseDigest].join(' '))
  return head === undefined || stored === known ? [] : [head] // guard: renewed-head
}

function checkedByReceived(records: readonly PolicyRecord[], failure: string): string {
  const received = records.map(({ id, live, receivedAt }) => {
    return `${id} at ${live?.version ?? 'nothing'}${receivedAt === undefined ? '' : `, received ${receivedAt}`}`
  })
  const checked = `Checked against the releases that approver last received (${received.join('; ')})`
  return `${checked}, because no config-store could be read: ${failure}.`
}

function notReceived(heads: readonly StoredHead[]): string {
  const stored = heads.map(({ policy, live }) => `${policy} at ${live?.version ?? 'nothing'}`)
  const newer = `config-store already has ${stored.join('; ')}`
  return `Checked against the releases that approver last received: ${newer}. Retry once approver has received that.`
}

function withDetail(error: HmsError, more: string): HmsError {
  const { code, status, next, errors, retryable, state } = error
  return new HmsError(code, `${error.detail} ${more}`, { status, next, errors, retryable, state, cause: error })
}
