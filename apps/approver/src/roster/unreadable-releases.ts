import { action, HmsError, type ReleaseDocument } from '#libs/contracts'
import { findAll, type Transaction } from '#libs/persistence'
import type { Roster } from '#libs/signing'
import { asOf, POLICIES } from '../policies/policy.table.js'
import { refusedByReaders } from '../policies/refusal-by-readers.js'

/** Releases judged before yielding to other work. */
const SLICE = 100
const MAX_NAMED = 20

/**
 * Throws 409 `HMS_ROSTER_MAKES_UNREADABLE` if readers accept a release in force, or held, by the current roster and would refuse it by
 * `next`; `accepted`: ids of policies for which people accept that.
 */
export async function requireReadable(tx: Transaction, current: Roster, next: Roster, accepted: readonly string[]): Promise<void> {
  const lost = (await unreadableUnder(tx, current, next)).filter(({ release }) => !accepted.includes(release.id))
  if (lost.length === 0) return
  const ids = [...new Set(lost.map(({ release }) => release.id))]
  const named = lost.slice(0, MAX_NAMED).map(({ reason }) => reason)
  const more = lost.length > named.length ? `, and ${lost.length - named.length} more` : ''
  const detail =
    `By roster ${next.version} readers would refuse what is live: ${named.join('; ')}${more}. Keep the earlier roles, keys and logs that ` +
    `they need (roster show --document prints them), or accept that they become unreadable.`
  throw new HmsError('HMS_ROSTER_MAKES_UNREADABLE', detail, {
    status: 409,
    next: [action('roster.propose.unreadable', { releases: ids.join(' ') }), action('roster.document')],
    state: lost.map(({ release: { id, version }, reason }) => ({ id, version, reason })),
  })
}

interface Unreadable {
  release: ReleaseDocument
  reason: string
}

async function unreadableUnder(tx: Transaction, current: Roster, next: Roster): Promise<Unreadable[]> {
  const policies = (await findAll(tx, POLICIES)).map((policy) => asOf(policy, tx.now))
  const releases = policies.flatMap(({ live, next: held }) => [live ?? [], held?.release ?? []].flat())
  const lost: Unreadable[] = []
  for (const [index, release] of releases.entries()) {
    if (index % SLICE === SLICE - 1) await new Promise((resolve) => setImmediate(resolve))
    const reason = await refusedByReaders(tx, release, next)
    if (reason !== undefined && (await refusedByReaders(tx, release, current)) === undefined) lost.push({ release, reason })
  }
  return lost
}
