import { readSnapshot, type ApiClient } from '#libs/client'
import type { ConfigDocument } from '#libs/contracts'
import { FRESHNESS_AHEAD_MS, freshnessAhead, judgeFreshness, readFreshness, SignatureError, stableDigest, type Roster } from '#libs/signing'
import { stableDocuments, type Doubt } from './logged-heads.js'

/** Dependencies of the comparison: `pause` waits before the store is read again, because a head and its statement arrive separately. */
export interface StandingWorld {
  roster: Roster
  nowMs(): number
  /** Resolves to `false` when the time to wait has expired. */
  pause(): Promise<boolean>
}

/** Any policy will do: its statement covers all. */
const NO_POLICY = 'none'

/**
 * Compares the stable heads that config-store serves with rollout's newest freshness statement. A head that was put back, or is withheld,
 * still verifies; the statement on all heads reveals it. Returns the documents compared last, with the doubt if they differ.
 */
export async function readStanding(client: ApiClient, world: StandingWorld): Promise<{ documents: ConfigDocument[]; doubt?: Doubt }> {
  for (;;) {
    const documents = await readSnapshot(client)
    const doubt = await doubtOf(client, documents, world)
    if (doubt === undefined) return { documents }
    if (!(await world.pause())) return { documents, doubt }
  }
}

async function doubtOf(client: ApiClient, documents: readonly ConfigDocument[], world: StandingWorld): Promise<Doubt | undefined> {
  const { freshness } = await client.get('/v1/snapshot', { revision: 0, policies: NO_POLICY })
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
    if (stableDigest(stableDocuments(documents).map(({ head }) => head)) === statement.stable) return undefined
    return {
      code: 'HMS_FRESHNESS_MIXED',
      detail: `config-store serves other stable heads than rollout's freshness statement of ${statement.issuedAt} is on`,
    }
  } catch (error) {
    if (error instanceof SignatureError) return error
    throw error
  }
}
