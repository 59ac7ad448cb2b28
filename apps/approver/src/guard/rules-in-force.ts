import type { ReleaseDocument } from '#libs/contracts'
import { isGuardRelease } from '#libs/guard'
import type { Transaction } from '#libs/persistence'
import { asOf, POLICIES } from '../policies/policy.table.js'

const MAX_READ = 1_000

/** Releases of all guard rules that are live. */
export async function rulesInForce(tx: Transaction): Promise<ReleaseDocument[]> {
  const policies = await tx.documents(POLICIES).find({ where: { guard: 'yes' }, limit: MAX_READ })
  return policies.flatMap((policy) => asOf(policy, tx.now).live ?? []).filter(isGuardRelease)
}
