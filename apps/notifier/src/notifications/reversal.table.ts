import type { ReceivedEvent, RunDossier } from '#libs/contracts'
import { documentTable, type Transaction } from '#libs/persistence'

/**
 * What was last said of a release by a reversal or withdrawal. Its event may be read before that of the run which brought the release: a
 * policy that goes back alone and the bundle that it came with have different keys.
 */
export interface Reversal {
  /** Release digest. */
  release: string
  policy: string
  /** Of the stable head that says so; the highest counts. */
  seq: number
  /** When it was taken back (RFC 3339); `null` where it was brought forward again. */
  takenBackAt: string | null
}

export const REVERSALS = documentTable<Reversal>({ name: 'reversal', id: ({ release }) => release, keys: {}, keep: { for: 'runs' } })

/** Its policy is locked. `to`: digest of the release that is in force again, where there is one. */
export async function rememberReversal(
  tx: Transaction,
  { policy, seq, from, to }: { policy: string; seq: number; from: string; to: string | null },
  { time }: Pick<ReceivedEvent, 'time'>,
): Promise<void> {
  const said: Reversal[] = [{ release: from, policy, seq, takenBackAt: new Date(time).toISOString() }]
  if (to !== null) said.push({ release: to, policy, seq, takenBackAt: null })
  for (const reversal of said) {
    const known = await tx.documents(REVERSALS).get(reversal.release)
    if (known === undefined || known.seq < seq) await tx.documents(REVERSALS).put(reversal)
  }
}

/** Releases that are in force no more, as far as their run got until `at`: a later attempt brings the same release anew. */
export async function takenBackOf(tx: Transaction, { releases }: RunDossier, at: Date): Promise<Set<string>> {
  const takenBack = new Set<string>()
  for (const { releaseDigest } of releases) {
    const takenBackAt = (await tx.documents(REVERSALS).get(releaseDigest))?.takenBackAt ?? null
    if (takenBackAt !== null && Date.parse(takenBackAt) >= at.getTime()) takenBack.add(releaseDigest)
  }
  return takenBack
}
