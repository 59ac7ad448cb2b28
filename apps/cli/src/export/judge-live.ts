import type { Envelope, LiveRecord, LogProof } from '#libs/contracts'
import { readHead, SignatureError, STABLE_SCOPE, type HeadPredicate, type Roster } from '#libs/signing'
import { BundleRefused, verifyBundle } from '#libs/verify'

export interface JudgedHead {
  /** Documents that it made live, or holds for later: each approved and proven. */
  live: number
  withdrawn: number
}

/** A record that is not what rollout and people signed. */
export class LiveRefused extends Error {}

/**
 * Judges a head and the releases that it names, as of their time, by the newest roster (the last) or an earlier one: keys and roles may
 * have changed since. Throws `LiveRefused`.
 */
export async function judgeLive(record: LiveRecord, rosters: readonly Roster[]): Promise<JudgedHead> {
  const { policy, seq, digest, storedAt, next = null } = record
  const head = await headBy(rosters, record.head)
  if (head.policy !== policy || head.seq !== seq || head.scope !== STABLE_SCOPE)
    throw new LiveRefused(`it says ${policy} ${seq}, and what is signed is ${head.policy} ${head.seq} for ${head.scope}`)
  if (head.current !== digest || (head.next?.release ?? null) !== (next?.digest ?? null))
    throw new LiveRefused('it names other releases than its head')
  const storedMs = Date.parse(storedAt)
  const nextMs = head.next === undefined ? Infinity : Date.parse(head.next.at)
  // A head that came after the time of what it holds was never in force by itself.
  const wasInForce = digest !== null && storedMs < nextMs
  if (wasInForce) await proveRelease(record, record, new Date(storedMs), rosters)
  if (next !== null) await proveRelease(record, next, new Date(Math.max(storedMs, nextMs)), rosters)
  return { live: Number(wasInForce) + Number(next !== null), withdrawn: Number(digest === null && next === null) }
}

function headBy(rosters: readonly Roster[], envelope: Envelope): Promise<HeadPredicate> {
  return byOneOf(rosters, async (roster) => readHead(envelope, roster.serviceKeys('rollout')).predicate)
}

async function proveRelease(
  { policy, head }: LiveRecord,
  { digest, release, proof }: { digest: string | null; release: Envelope | null; proof: LogProof | null },
  at: Date,
  rosters: readonly Roster[],
): Promise<void> {
  if (release === null || proof === null) throw new LiveRefused('it comes without its release or proof')
  const bytes = Buffer.from(JSON.stringify({ bundle: 1, release, head, ...proof }))
  const found = await byOneOf(rosters, ({ envelope }) => verifyBundle(bytes, { roster: Buffer.from(JSON.stringify(envelope)), at }))
  if (found.policy.id !== policy || found.release.digest !== digest)
    throw new LiveRefused(`its release is of ${found.policy.id}, and not the one that it names`)
}

/** What holds by the newest roster, or else by an earlier one. Throws what the newest says against it. */
async function byOneOf<T>(rosters: readonly Roster[], read: (roster: Roster) => Promise<T>): Promise<T> {
  let refusal = ''
  for (const roster of rosters.toReversed()) {
    try {
      return await read(roster)
    } catch (error) {
      if (!(error instanceof SignatureError || error instanceof BundleRefused)) throw error
      refusal ||= error.message
    }
  }
  throw new LiveRefused(refusal)
}
