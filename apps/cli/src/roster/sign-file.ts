import { writeFile } from 'node:fs/promises'
import { HmsError } from '#libs/contracts'
import { addSignature, readUnsignedRoster, rootState, type Roster } from '#libs/signing'
import type { CliContext } from '../context.js'
import { expectDigest, usageError } from '../errors.js'
import { readYamlMap } from '../files.js'
import { findKey, openKey } from '../keys/key-folder.js'
import { signRosterProposal, type SignRosterFlags } from './proposals.js'
import { isEnvelope, rosterEnvelope } from './roster-document.js'
import { describeRoster } from './show.js'

/** Signs a proposed roster, by its digest where several wait, or a roster in a file. */
export function signRoster(context: CliContext, given: string | undefined, options: SignRosterFlags): Promise<void> {
  if (given === undefined || given.startsWith('sha256:')) return signRosterProposal(context, given, options)
  return signRosterFile(context, given, options)
}

/** Signs a roster in a file, without any service: the first one of an installation has no predecessor. Several people do so in turn. */
async function signRosterFile(context: CliContext, file: string, options: SignRosterFlags): Promise<void> {
  await findKey(context, options.sign)
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
  const signer = await openKey(context, options)
  requirePerson(roster, signer.keyid, options.sign)
  const signed = await addSignature(envelope, signer)
  await writeFile(out, `${JSON.stringify(signed)}\n`)
  const { signed: people, threshold, complete } = rootState(signed, roster)
  const signedBy = people.map(({ name }) => name)
  const missing = Math.max(0, threshold - people.length)
  const { version, digest } = roster
  context.output.result({ file: out, version, digest, signedBy, threshold, missing }, [
    `Signature added to ${out}: roster ${version}, digest ${digest}`,
    complete
      ? `Enough people signed it; pin it with HMS_ROSTER=${out}`
      : `It asks for ${threshold} people: signed by ${signedBy.join(', ') || 'no valid signer'}; ${missing} more needed`,
  ])
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
