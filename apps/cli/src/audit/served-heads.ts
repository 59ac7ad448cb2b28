import { readSnapshot, type ApiClient } from '#libs/client'
import { HmsError, peekPredicate, type AuditEntry, type ConfigDocument, type EventData } from '#libs/contracts'
import {
  FRESHNESS_AHEAD_MS,
  freshnessAhead,
  judgeFreshness,
  readFreshness,
  orRefusal,
  SignatureError,
  STABLE_SCOPE,
  stableDigest,
  type HeadPredicate,
  type Roster,
  type StableHead,
} from '#libs/signing'
import { PUBLISHED } from '#libs/export'
import { checkEvent } from '../export/strict.js'
import type { Problems } from '../output/problems.js'
import type { Entry } from './recompute-log.js'

/** Reason why the served heads are not confirmed. */
type Doubt = Pick<HmsError, 'code' | 'detail'>

/** Newest stable head of a policy that the log reports as stored. */
interface LoggedHead {
  seq: number
  revision: number
  /** Digests of the releases logged for `seq`; `null` for no release. More than one if rollout signed two heads with this `seq`. */
  releases: (string | null)[]
}

interface ServedComparison {
  /** Policy versions by release digest, from the log. */
  versions: ReadonlyMap<string, string>
  /** Reason why rollout's freshness statement does not confirm the served heads; missing if it does. */
  doubt?: Doubt
  /** Waits before the store is read again; resolves to `false` when the time to wait has expired. */
  pause(): Promise<boolean>
}

/** Newest stable head of each policy by config-store's signed events in the log. A missing event is a problem: it would hide a head. */
export class LoggedHeads {
  private readonly newest = new Map<string, LoggedHead>()
  private isUnsigned = false

  /** `rosters`: all known rosters, oldest first. */
  constructor(
    private readonly client: ApiClient,
    private readonly rosters: readonly Roster[],
    private readonly problems: Problems,
  ) {}

  async addEntries(first: number, entries: readonly (Entry | undefined)[]): Promise<void> {
    const published = entries.flatMap((entry, at) => (entry?.type === PUBLISHED ? [{ index: first + at, entry }] : []))
    if (published.length === 0 || this.isUnsigned) return
    const shown = await this.read(published[0]!.index - 1, published.length)
    if (shown === undefined) return
    const signed = new Map(shown.map(({ index, signed: event }) => [index, event]))
    for (const { index, entry } of published) {
      const event = signed.get(index)
      try {
        checkEvent({ ...entry, index, leafHash: '' }, event, this.rosters) // guard: audit-no-hidden-head
      } catch (error) {
        if (!(error instanceof SignatureError)) throw error
        this.problems.add('the log', `entry ${index}: ${error.detail}`)
        continue
      }
      if (event === undefined) continue
      const { heads } = peekPredicate<{ data: EventData[typeof PUBLISHED] }>(event).data
      for (const head of heads) if (head.scope === STABLE_SCOPE && head.applied) this.add(head)
    }
  }

  /** Reads the entries of `PUBLISHED` with their events. Adds a problem and returns `undefined` if an earlier build cannot send events. */
  private async read(after: number, limit: number): Promise<AuditEntry[] | undefined> {
    try {
      return await this.client.get('/v1/audit/entries', { after: after < 0 ? undefined : after, limit, type: PUBLISHED, signed: true })
    } catch (error) {
      if (!(error instanceof HmsError && error.code === 'HMS_HTTP_QUERY_INVALID')) throw error
      this.isUnsigned = true
      const detail =
        'the audit service sends entries without their events, as earlier builds do: the served heads are not compared with the log'
      this.problems.add('the log', detail)
      return undefined
    }
  }

  /** Checks that the newest logged heads, or later, are served. Repeats the read, as the log may be newer. Returns whether any differ. */
  async checkServed(documents: readonly ConfigDocument[], { versions, doubt, pause }: ServedComparison): Promise<boolean> {
    let differences = this.differencesOf(documents, versions)
    while (differences.length > 0 && (await pause())) differences = this.differencesOf(await readSnapshot(this.client), versions)
    const code = doubt?.code === 'HMS_FRESHNESS_MIXED' ? doubt.code : 'HMS_HEAD_REPLAYED'
    const also = doubt === undefined ? "; rollout's freshness statement matches the served heads, so rollout's rows are as old" : ''
    for (const { policy, detail } of differences)
      this.problems.add(policy, `${policy}: ${detail}${also} (${code})`, `hms-svc policies restore ${policy}`)
    return differences.length > 0
  }

  private add({ policy, seq, revision, release }: EventData[typeof PUBLISHED]['heads'][number]): void {
    const known = this.newest.get(policy)
    if (known === undefined || seq > known.seq) this.newest.set(policy, { seq, revision, releases: [release] })
    else if (seq === known.seq && !known.releases.includes(release)) known.releases.push(release)
  }

  private differencesOf(
    documents: readonly ConfigDocument[],
    versions: ServedComparison['versions'],
  ): { policy: string; detail: string }[] {
    const served = new Map(stableDocuments(documents).map((document) => [document.head.policy, document]))
    return [...this.newest].flatMap(([policy, logged]) => {
      const detail = differenceOf(served.get(policy), logged, versions)
      return detail === undefined ? [] : [{ policy, detail }]
    })
  }
}

type ServedHead = Pick<ConfigDocument, 'version' | 'revision'> & { head: StableHead }

function differenceOf(
  served: ServedHead | undefined,
  { seq, revision, releases }: LoggedHead,
  versions: ServedComparison['versions'],
): string | undefined {
  const names = releases.map((release) => (release === null ? 'no release' : (versions.get(release) ?? release)))
  const logged = `${names.join(' and ')} (head ${seq}, revision ${revision})`
  if (served === undefined) return `config-store serves no head of it, and the log has ${logged}`
  const shown = `config-store serves ${served.version ?? 'no release'} (head ${served.head.seq}, revision ${served.revision})`
  // guard: audit-newest-logged-head
  if (served.head.seq < seq) return `${shown}, and the log has ${logged}, stored after it`
  // guard: audit-one-release-a-number
  const isAnother = served.head.seq === seq && (releases.length > 1 || !releases.includes(served.head.current))
  return isAnother ? `${shown}, and the log has ${logged}: one number for two releases` : undefined
}

/** Returns the stable heads as signed; `checkLive` verifies the signatures. `version` and `revision` are unverified claims. */
function stableDocuments(documents: readonly ConfigDocument[]): ServedHead[] {
  return documents
    .filter(({ scope }) => scope === STABLE_SCOPE)
    .map(({ head, version, revision }) => {
      const { policy, seq, current } = peekPredicate<HeadPredicate>(head)
      return { head: { policy, seq, current }, version, revision }
    })
}

/** Roster, clock and wait of `readServed`. Heads and statements arrive separately, so a difference is checked again after `pause`. */
interface FreshnessCheck {
  roster: Roster
  nowMs(): number
  /** Resolves to `false` when the time to wait has expired. */
  pause(): Promise<boolean>
}

/** Reads the served documents, and compares their heads with rollout's freshness statement, which reveals replayed and withheld heads. */
export async function readServed(client: ApiClient, check: FreshnessCheck): Promise<{ documents: ConfigDocument[]; doubt?: Doubt }> {
  for (;;) {
    const documents = await readSnapshot(client)
    const doubt = await doubtOf(client, documents, check)
    if (doubt === undefined) return { documents }
    if (!(await check.pause())) return { documents, doubt }
  }
}

async function doubtOf(client: ApiClient, documents: readonly ConfigDocument[], check: FreshnessCheck): Promise<Doubt | undefined> {
  // The statement covers all policies, so the request selects no documents.
  const { freshness } = await client.get('/v1/snapshot', { revision: 0, policies: 'none' })
  if (freshness === undefined) return { code: 'HMS_FRESHNESS_MISSING', detail: 'config-store shows no freshness statement of rollout' }
  const now = check.nowMs()
  return orRefusal(() => {
    const statement = readFreshness(freshness, check.roster)
    if (judgeFreshness(statement, undefined, now) === 'ahead') return freshnessAhead(statement, now)
    if (!(now < Date.parse(statement.expires) + FRESHNESS_AHEAD_MS))
      return {
        code: 'HMS_FRESHNESS_EXPIRED',
        detail: `the freshness statement of rollout was valid until ${statement.expires}: an old state is shown, or a clock is wrong`,
      }
    if (stableDigest(stableDocuments(documents).map(({ head }) => head)) === statement.stable) return undefined
    return {
      code: 'HMS_FRESHNESS_MIXED',
      detail: `the stable heads that config-store serves differ from rollout's freshness statement of ${statement.issuedAt}`,
    }
  })
}
