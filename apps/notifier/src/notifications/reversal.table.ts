import type { ReceivedEvent, ReleaseDocument, RunDossier } from '#libs/contracts'
import { documentTable, type Transaction } from '#libs/persistence'

/** Last reversal or withdrawal. May be read before its run completes: a policy of a bundle that is rolled back alone has another key. */
export interface Reversal {
  /** Release digest. */
  release: string
  policy: string
  /** Sequence number of its stable head; the highest counts. */
  seq: number
  /** Time of the rollback (RFC 3339); `null` if the release was reinstated. */
  takenBackAt: string | null
  /** Release that is in force instead; `null` if none is. Absent if `release` was reinstated. */
  to?: ReleaseDocument | null
}

export const REVERSALS = documentTable<Reversal>({ name: 'reversal', id: ({ release }) => release, keys: {}, keep: { for: 'runs' } })

/** Stores a reversal; the policy must be locked. `from`: release digest. `to`: the release that is in force again, if any. */
export async function rememberReversal(
  tx: Transaction,
  { policy, seq, from, to }: { policy: string; seq: number; from: string; to: ReleaseDocument | null },
  { time }: Pick<ReceivedEvent, 'time'>,
): Promise<void> {
  const reversals: Reversal[] = [{ release: from, policy, seq, takenBackAt: new Date(time).toISOString(), to }]
  if (to !== null) reversals.push({ release: to.releaseDigest, policy, seq, takenBackAt: null })
  for (const reversal of reversals) {
    const known = await tx.documents(REVERSALS).get(reversal.release)
    if (known === undefined || known.seq < seq) await tx.documents(REVERSALS).put(reversal) // guard: taken-back-newest
  }
}

/** Returns the release that reversals since `at` left in force instead of `release`; `null` if none is. */
export async function leftInForce(tx: Transaction, release: ReleaseDocument | null, at: Date): Promise<ReleaseDocument | null> {
  const reversal = release === null ? undefined : await tx.documents(REVERSALS).get(release.releaseDigest)
  const { takenBackAt = null, to } = reversal ?? {}
  if (to === undefined || takenBackAt === null || to?.releaseDigest === release?.releaseDigest) return release
  return Date.parse(takenBackAt) < at.getTime() ? release : leftInForce(tx, to, at)
}

/** Returns the run's releases no longer in force, by reversals since `at`: a later attempt releases the same document again. */
export async function takenBackOf(tx: Transaction, { releases }: RunDossier, at: Date): Promise<Set<string>> {
  const takenBack = new Set<string>()
  for (const { releaseDigest } of releases) {
    const takenBackAt = (await tx.documents(REVERSALS).get(releaseDigest))?.takenBackAt ?? null
    if (takenBackAt !== null && Date.parse(takenBackAt) >= at.getTime()) takenBack.add(releaseDigest) // guard: taken-back-attempt
  }
  return takenBack
}
