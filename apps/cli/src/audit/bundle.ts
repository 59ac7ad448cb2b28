import { writeFile } from 'node:fs/promises'
import { HmsError, offlineBundle } from '#libs/contracts'
import { decodeDocument, documentAsOf } from '#libs/evaluation'
import { namesRelease, SignatureError, STABLE_SCOPE, verifyTlogProof } from '#libs/signing'
import { verifyBundle } from '#libs/verify'
import type { CliContext } from '../context.js'
import { requireName, shellWords, usageError } from '../errors.js'
import { readGivenFile } from '../files.js'
import { logPoliciesOf, MAX_SIGNED_BYTES, newestRoster } from '../roster/rosters-here.js'

/** Shows the proof that the approval of a version is in the log, after verifying it. */
export async function showProof(context: CliContext, name: string): Promise<void> {
  const { digest, index, size, witnessedAt, ...rest } = await fetchProof(context, name)
  const seen = witnessedAt === null ? '' : `, seen by the witnesses at ${witnessedAt}`
  context.output.data({ ...rest, digest, index, size, witnessedAt }, () => [
    `${context.output.paint.good('✓')} ${name} is entry ${index} of ${size}${seen}`,
    `  release ${digest}`,
    ...rest.proof.trimEnd().split('\n'),
  ])
}

/** Fetches and verifies the log's proof of an approval. `name`: ID@VERSION. Throws `HMS_PROOF_INVALID` if the proof does not verify. */
async function fetchProof(context: CliContext, name: string) {
  const [, policy, version] = /^([^@\s]+)@(\S+)$/.exec(name) ?? []
  if (policy === undefined || version === undefined)
    throw usageError(`${name} is not ID@VERSION`, ['hms-svc audit proof epa-pm25-limit@2.0.0'])
  const roster = await newestRoster(context)
  const proof = await context.get('/v1/audit/proofs', { policy, version })
  const { index, size, witnessedAt } = verifyTlogProof(Buffer.from(proof.entry), proof.proof, logPoliciesOf(roster))
  if (!namesRelease(proof, { id: policy, version, digest: proof.digest }))
    throw new SignatureError('HMS_PROOF_INVALID', `the entry does not name ${name}`)
  return { ...proof, index, size, witnessedAt: witnessedAt === undefined ? null : new Date(witnessedAt * 1_000).toISOString() }
}

/** Writes a file that proves offline that the policy in force was approved; verifies the file before it is written. */
export async function writeBundle(context: CliContext, id: string, { out }: { out?: string }): Promise<void> {
  requireName(id, 'the id of a policy', 'hms-svc runs list')
  const { documents } = await context.get('/v1/snapshot', { policies: id })
  const stored = documents.find((each) => each.id === id && each.scope === STABLE_SCOPE)
  const document = stored && documentAsOf(decodeDocument(stored), context.io.now()).document
  if (document?.release == null || document.version === null)
    throw new HmsError('HMS_POLICY_NOT_FOUND', `${id} is not in force.`, { status: 404, next: [`hms-svc get ${id}`, 'hms-svc runs list'] })
  const proof = await fetchProof(context, `${id}@${document.version}`)
  const bytes = Buffer.from(offlineBundle({ head: document.head, release: document.release, proof }))
  const { envelope } = await newestRoster(context)
  const { release } = await verifyBundle(bytes, { roster: Buffer.from(JSON.stringify(envelope)), at: new Date(context.io.now()) })
  const file = out ?? `${id}@${document.version}.bundle`
  await writeFile(file, bytes)
  const summary = `${file}: ${bytes.length} bytes prove ${id}@${document.version} offline`
  context.output.result({ file, bytes: bytes.length, digest: release.digest }, [summary])
  context.output.note(`  next: hms-svc verify ${shellWords([file])} --roster roster.json`)
}

export async function verifyGivenBundle(context: CliContext, file: string, { roster }: { roster: string }): Promise<void> {
  const [bytes, trusted] = await Promise.all([readGivenFile(file, MAX_SIGNED_BYTES), readGivenFile(roster, MAX_SIGNED_BYTES)])
  const { policy, release, proof, stale } = await verifyBundle(bytes, { roster: trusted, at: new Date(context.io.now()) })
  if (stale !== undefined) context.output.note(`${stale.code}: ${stale.detail}`)
  const { good } = context.output.paint
  context.output.data({ policy, release, proof, stale }, () => [
    `${good('✓')} ${policy.id}@${policy.version} was approved by ${release.approvedBy.join(', ')}`,
    `${good('✓')} rollout's head ${release.seq} puts it in force for all; a later head is unknown offline`,
    `${good('✓')} the approval is entry ${proof.index} of ${proof.size} in the log, seen by the witnesses at ${proof.witnessedAt}`,
    ...Object.entries(policy).map(([name, value]) => `  ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`),
  ])
}
