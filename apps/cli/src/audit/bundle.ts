import { HmsError } from '#libs/contracts'
import { holdDocument, standing } from '#libs/evaluation'
import { STABLE_SCOPE } from '#libs/signing'
import { verifyBundle } from '#libs/verify'
import { writeFile } from 'node:fs/promises'
import type { CliContext } from '../context.js'
import { requireName } from '../errors.js'
import { readGivenFile } from '../files.js'
import { newestRoster } from '../roster/newest-roster.js'
import { MAX_SIGNED_BYTES } from '../roster/pinned-roster.js'
import { fetchProof } from './proof.js'

/** Writes a bundle that proves, offline and permanently, that a policy is in force legitimately. It is verified before it is written. */
export async function writeBundle(context: CliContext, id: string, { out }: { out?: string }): Promise<void> {
  requireName(id, 'the id of a policy', 'hms-svc runs list')
  const client = await context.client()
  const { documents } = await client.get('/v1/snapshot', { policies: id })
  const stored = documents.find((each) => each.id === id && each.scope === STABLE_SCOPE)
  const document = stored && standing(holdDocument(stored), context.io.now()).document
  if (document?.release == null || document.version === null) {
    throw new HmsError('HMS_POLICY_NOT_FOUND', `${id} is not in force.`, { status: 404, next: [`hms-svc get ${id}`, 'hms-svc runs list'] })
  }
  const { entry, member, proof } = await fetchProof(context, `${id}@${document.version}`)
  const bytes = Buffer.from(JSON.stringify({ bundle: 1, release: document.release, head: document.head, entry, member, proof }))
  const { envelope } = await newestRoster(context)
  const { release } = await verifyBundle(bytes, { roster: Buffer.from(JSON.stringify(envelope)), at: new Date(context.io.now()) })
  const file = out ?? `${id}@${document.version}.bundle`
  await writeFile(file, bytes)
  const said = `${file}: ${bytes.length} bytes prove ${id}@${document.version} offline`
  context.output.result({ file, bytes: bytes.length, digest: release.digest }, [said])
  context.output.note(`  next: hms-svc verify ${file} --roster roster.json`)
}

/** Verifies a bundle offline. */
export async function verifyGivenBundle(context: CliContext, file: string, { roster }: { roster: string }): Promise<void> {
  const [bytes, trusted] = await Promise.all([readGivenFile(file, MAX_SIGNED_BYTES), readGivenFile(roster, MAX_SIGNED_BYTES)])
  const { policy, release, proof, stale } = await verifyBundle(bytes, { roster: trusted, at: new Date(context.io.now()) })
  if (stale !== undefined) context.output.note(`${stale.code}: ${stale.detail}`)
  context.output.data({ policy, release, proof, ...(stale === undefined ? {} : { stale }) }, () => [
    `${context.output.paint.good('✓')} ${policy.id}@${policy.version} was approved by ${release.approvedBy.join(', ')}`,
    `${context.output.paint.good('✓')} rollout's head ${release.seq} made it the one in force for all; a later head is unknown offline`,
    `${context.output.paint.good('✓')} the approval is entry ${proof.index} of ${proof.size} in the log, seen by the ` +
      `witnesses at ${proof.witnessedAt}`,
    ...Object.entries(policy).map(([name, value]) => `  ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`),
  ])
}
