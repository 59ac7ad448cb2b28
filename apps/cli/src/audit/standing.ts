import { readSnapshot, type ApiClient } from '#libs/client'
import { peekPredicate, type AuditEntry, type ConfigDocument, type EventData, type HmsError, type StreamFrame } from '#libs/contracts'
import {
  FRESHNESS_AHEAD_MS,
  freshnessAhead,
  judgeFreshness,
  readFreshness,
  SignatureError,
  STABLE_SCOPE,
  stableDigest,
  type HeadPredicate,
  type Roster,
  type StableHead,
} from '#libs/signing'
import type { Problems } from './problems.js'

/** Dependencies of the comparison: `pause` waits before the store is read again, because a head and its statement arrive separately. */
export interface StandingWorld {
  roster: Roster
  nowMs(): number
  /** Resolves to `false` when the time to wait has expired. */
  pause(): Promise<boolean>
}

type Doubt = Pick<HmsError, 'code' | 'detail'>

const ENTRIES_AT_ONCE = 200
const PUBLISHED = 'hms.head.published.v1'
/** Any policy will do: its statement covers all. */
const NO_POLICY = 'none'

/**
 * Checks that config-store serves the stable heads of rollout's newest freshness statement. A head that was put back, or is withheld, still
 * verifies; only the statement on all heads reveals it. Mismatches go to `problems`, by policy if the log names one. Returns the documents
 * compared last.
 */
export async function checkStanding(client: ApiClient, world: StandingWorld, problems: Problems): Promise<ConfigDocument[]> {
  for (;;) {
    const documents = await readSnapshot(client)
    const doubt = await doubtOf(client, documents, world)
    if (doubt === undefined) return documents
    if (await world.pause()) continue
    const behind = doubt.code === 'HMS_FRESHNESS_MIXED' ? await behindTheLog(client, documents) : []
    for (const { policy, detail } of behind)
      problems.add(policy, `${policy}: ${detail} (${doubt.code})`, `hms-svc policies restore ${policy}`)
    if (behind.length === 0) problems.add('the stable heads', `${doubt.detail} (${doubt.code})`)
    return documents
  }
}

async function doubtOf(client: ApiClient, documents: readonly ConfigDocument[], world: StandingWorld): Promise<Doubt | undefined> {
  const { freshness } = await client.get<StreamFrame>('/v1/snapshot', { revision: 0, policies: NO_POLICY })
  if (freshness === undefined) return { code: 'HMS_FRESHNESS_MISSING', detail: 'config-store shows no freshness statement of rollout' }
  const now = world.nowMs()
  try {
    const statement = readFreshness(freshness, world.roster)
    if (judgeFreshness(statement, undefined, now) === 'ahead') return freshnessAhead(statement, now)
    if (!(now < Date.parse(statement.expires) + FRESHNESS_AHEAD_MS))
      return {
        code: 'HMS_FRESHNESS_EXPIRED',
        detail: `the freshness statement of rollout was valid until ${statement.expires}: an old state is shown, or a clock is wrong`,
      }
    if (stableDigest(headsOf(documents)) === statement.stable) return undefined
    return {
      code: 'HMS_FRESHNESS_MIXED',
      detail: `config-store serves other stable heads than rollout's freshness statement of ${statement.issuedAt} is on`,
    }
  } catch (error) {
    if (error instanceof SignatureError) return error
    throw error
  }
}

/** As they are signed, whatever the document says beside it; that they are signed is checked with the documents. */
function headsOf(documents: readonly ConfigDocument[]): StableHead[] {
  return documents
    .filter(({ scope }) => scope === STABLE_SCOPE)
    .map(({ head }) => {
      const { policy, seq, current } = peekPredicate<HeadPredicate>(head)
      return { policy, seq, current }
    })
}

/** Policies of which the log says that a head was stored that is newer than the one that is served. */
async function behindTheLog(client: ApiClient, documents: readonly ConfigDocument[]): Promise<{ policy: string; detail: string }[]> {
  const logged = await newestLogged(client)
  const served = new Map(headsOf(documents).map(({ policy, seq }) => [policy, seq]))
  return [...logged].flatMap(([policy, seq]) => {
    const held = served.get(policy)
    if (held !== undefined && held >= seq) return []
    const shown = held === undefined ? 'no head of it' : `head ${held}`
    return [{ policy, detail: `config-store serves ${shown}, and head ${seq} was stored after it` }]
  })
}

async function newestLogged(client: ApiClient): Promise<Map<string, number>> {
  const newest = new Map<string, number>()
  for (let after: number | undefined; ;) {
    const entries: AuditEntry[] = await client.get('/v1/audit/entries', { after, limit: ENTRIES_AT_ONCE, signed: true })
    for (const { signed, type } of entries) {
      if (type !== PUBLISHED || signed === undefined) continue
      for (const { policy, seq, scope, applied } of peekPredicate<{ data: EventData[typeof PUBLISHED] }>(signed).data.heads)
        if (scope === STABLE_SCOPE && applied) newest.set(policy, Math.max(newest.get(policy) ?? 0, seq))
    }
    if (entries.length === 0) return newest
    after = entries.at(-1)!.index
  }
}
