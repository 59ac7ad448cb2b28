import type { ReleaseDocument } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { refusalByReaders, type Roster, type SignatureError } from '#libs/signing'
import { withProof } from '#libs/stage'

/** Returns why readers would refuse releases in a stable head, by release digest, each judged with its stored proof. */
export async function refusedOf(
  tx: Transaction,
  releases: readonly ReleaseDocument[],
  roster: Roster,
): Promise<ReadonlyMap<string, SignatureError>> {
  const judged = releases.map(async (release) => [release.releaseDigest, refusalByReaders(await withProof(tx, release), roster)] as const)
  return new Map((await Promise.all(judged)).flatMap(([digest, refusal]) => (refusal === undefined ? [] : [[digest, refusal] as const])))
}
