import type { ReleaseDocument } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { POLICIES } from '../policies/policy.entity.js'

const MAX_READ = 1_000

/** Releases of all guard rules that are live. */
export async function rulesInForce(tx: Transaction): Promise<ReleaseDocument[]> {
  const policies = await tx.documents(POLICIES).find({ where: { guard: 'yes' }, limit: MAX_READ })
  return policies.flatMap(({ live }) => live ?? [])
}
