import { EXIT, HmsError } from '#libs/contracts'
import { holdDocument, standing } from '#libs/evaluation'
import { STABLE_SCOPE } from '#libs/signing'
import { verifyBundle } from '#libs/verify'
import { writeFile } from 'node:fs/promises'
import type { CliContext } from '../context.js'
import { requireName } from '../errors.js'
import { newestRoster } from '../roster/newest-roster.js'
import { fetchProof } from './proof.js'

export interface BundleOptions {
  out?: string
}

/** Writes a bundle that proves, offline and permanently, that a policy is in force legitimately. It is verified before it is written. */
export async function writeBundle(context: CliContext, id: string, { out }: BundleOptions): Promise<number> {
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
  return EXIT.done
}
