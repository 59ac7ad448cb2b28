import { EXIT, HmsError } from '#libs/contracts'
import { addSignature, readUnsignedRoster, rootState, type Roster } from '#libs/signing'
import { writeFile } from 'node:fs/promises'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'
import { expectDigest } from '../keys/expect-digest.js'
import { findKey, keyFolderOf, openKey } from '../keys/key-folder.js'
import { readYamlMap } from '../yaml-file.js'
import { describeRoster } from './describe-roster.js'
import { isEnvelope, rosterEnvelope } from './roster-document.js'
import type { SignRosterOptions } from './sign.js'

/** Signs a roster in a file, without any service: the first one of an installation has no predecessor. Several people do so in turn. */
export async function signRosterFile(context: CliContext, file: string, options: SignRosterOptions): Promise<number> {
  const folder = keyFolderOf(context)
  await findKey(folder, options.sign)
  const document = await readYamlMap(file)
  const out = options.out ?? (isEnvelope(document) ? file : undefined)
  if (out === undefined)
    throw usageError(`${file} is not signed yet; say where the signed roster goes`, [
      `hms-svc roster sign ${file} --sign NAME --out roster.json`,
    ])
  const envelope = await rosterEnvelope(document)
  const roster = readUnsignedRoster(envelope)
  for (const line of describeRoster(roster)) context.output.note(line)
  expectDigest(options.expectDigest, roster.digest)
  const signer = await openKey(context, folder, options.sign, options)
  requirePerson(roster, signer.keyid, options.sign)
  const signed = await addSignature(envelope, signer)
  await writeFile(out, `${JSON.stringify(signed)}\n`)
  const { signed: people, threshold, complete } = rootState(signed, roster)
  const missing = Math.max(0, threshold - people.length)
  context.output.done(`Signature added to ${out}: roster ${roster.version}, digest ${roster.digest}`)
  context.output.done(
    complete
      ? `Enough people signed it; pin it with HMS_ROSTER=${out}`
      : `It asks for ${threshold} people: signed by ${people.map(({ name }) => name).join(', ') || 'no valid signer'}; ` +
          `${missing} more needed`,
  )
  if (context.output.mode === 'json')
    context.output.data(
      { file: out, version: roster.version, digest: roster.digest, signedBy: people.map(({ name }) => name), threshold, missing },
      () => [],
    )
  return EXIT.done
}

function requirePerson(roster: Roster, keyid: string, name: string): void {
  if (roster.principalOfKey(keyid)?.kind === 'person') return
  throw new HmsError(
    'HMS_ROSTER_SIGNER_UNKNOWN',
    `The roster names no person with the key of "${name}" (${keyid}); its signature would count for nothing.`,
    {
      status: 403,
      next: [`hms-svc keys export "${name}" --json`],
    },
  )
}
