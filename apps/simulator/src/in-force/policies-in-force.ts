import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Transaction } from '#libs/persistence'
import type { PolicyDocument } from '#libs/policy'
import { SignatureError, STABLE_SCOPE, verifyHead, type Roster, type VerifiedHead } from '#libs/signing'
import { IN_FORCE, type RecordedHead } from './in-force.table.js'

/** Limit for policies that bots and scenarios use besides those of a run, signatures and base64 included. */
export const MAX_IN_FORCE_BYTES = 32 * 1024 * 1024

/** Error for unavailable policies in force; it is unrelated to any bot. */
export class NotInForceError extends Error {
  override readonly name = 'NotInForceError'
}

/** Returns the stable heads of these policies, as far as they exist. Throws `NotInForceError` beyond `MAX_IN_FORCE_BYTES`. */
export async function recordedHeads(tx: Transaction, ids: Iterable<string>): Promise<RecordedHead[]> {
  const heads: RecordedHead[] = []
  let bytes = 0
  for (const id of ids) {
    const recorded = await tx.documents(IN_FORCE).get(id)
    if (recorded === undefined) continue
    bytes += JSON.stringify(recorded).length
    if (bytes > MAX_IN_FORCE_BYTES) {
      const detail = `bots and scenarios use other policies of more than ${MAX_IN_FORCE_BYTES / 1024 / 1024} MiB in all`
      throw new NotInForceError(detail)
    }
    heads.push(recorded)
  }
  return heads
}

/**
 * Returns the policies that these heads put in force at `now`, by id. Each head is verified as a reader verifies it; throws
 * `NotInForceError` for one that does not verify.
 */
export async function policiesInForce(heads: readonly RecordedHead[], roster: Roster, now: Date): Promise<Record<string, PolicyDocument>> {
  const policies: Record<string, PolicyDocument> = {}
  for (const recorded of heads) {
    // Some milliseconds each: a process that serves requests must not verify hundreds without yielding.
    await nextTurn()
    const { next, release } = verified(recorded, roster)
    const standing = next !== null && next.atMs <= now.getTime() ? next.release : release
    if (standing !== null) policies[recorded.id] = standing.predicate.policy as PolicyDocument
  }
  return policies
}

function verified({ id, head, release, proof, next }: RecordedHead, roster: Roster): VerifiedHead {
  try {
    const found = verifyHead({ head, release, proof, next: next ?? null }, roster)
    if (found.head.policy === id && found.head.scope === STABLE_SCOPE) return found
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error
    throw new NotInForceError(`what config-store recorded as ${id} in force does not verify: ${error.detail} (${error.code})`)
  }
  throw new NotInForceError(`what config-store recorded as ${id} in force is the head of another policy or scope`)
}
