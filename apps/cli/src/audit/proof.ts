import { type AuditProof } from '#libs/contracts'
import { namesRelease, SignatureError, verifyTlogProof } from '#libs/signing'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'
import { newestRoster } from '../roster/newest-roster.js'
import { logPoliciesOf } from '../roster/pinned-roster.js'

/** Shows the proof that the approval of a version is in the log, after verifying it. */
export async function showProof(context: CliContext, name: string): Promise<void> {
  const { digest, index, size, witnessedAt, ...rest } = await fetchProof(context, name)
  const seenAt = witnessedAt === undefined ? null : new Date(witnessedAt * 1_000).toISOString()
  context.output.data({ ...rest, digest, index, size, witnessedAt: seenAt }, () => [
    `${context.output.paint.good('✓')} ${name} is entry ${index} of ` +
      `${size}${seenAt === null ? '' : `, seen by the witnesses at ${seenAt}`}`,
    `  release ${digest}`,
    ...rest.proof.trimEnd().split('\n'),
  ])
}

export interface CheckedProof extends AuditProof {
  index: number
  size: number
  witnessedAt?: number
}

/** `name` is ID@VERSION. Throws `HMS_PROOF_INVALID` if the log's proof does not verify. */
export async function fetchProof(context: CliContext, name: string): Promise<CheckedProof> {
  const [, policy, version] = /^([^@\s]+)@(\S+)$/.exec(name) ?? []
  if (policy === undefined || version === undefined)
    throw usageError(`${name} is not ID@VERSION`, ['hms-svc audit proof epa-pm25-limit@2.0.0'])
  const roster = await newestRoster(context)
  const client = await context.client()
  const proof = await client.get('/v1/audit/proofs', { policy, version })
  const { index, size, witnessedAt } = verifyTlogProof(Buffer.from(proof.entry), proof.proof, logPoliciesOf(roster))
  if (!namesRelease(proof, { id: policy, version, digest: proof.digest }))
    throw new SignatureError('HMS_PROOF_INVALID', `the entry does not name ${name}`)
  return { ...proof, index, size, ...(witnessedAt === undefined ? {} : { witnessedAt }) }
}
