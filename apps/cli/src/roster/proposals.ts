import { writeFile } from 'node:fs/promises'
import { HmsError, peekPredicate, type Envelope, type RosterProposalView } from '#libs/contracts'
import {
  addSignature,
  pae,
  readSuccessor,
  readUnsignedRoster,
  rootState,
  STATEMENT_TYPE,
  type Roster,
  type RosterPredicate,
} from '#libs/signing'
import type { CliContext } from '../context.js'
import { expectDigest, shellWords, usageError } from '../errors.js'
import { readYamlMap } from '../files.js'
import { findKey, openKey } from '../keys/key-folder.js'
import type { FlagsOf, SIGN_ROSTER } from '../verbs/options.js'
import { describeDifference } from './describe-difference.js'
import { withEarlierRoles } from './earlier-roles.js'
import { isEnvelope, rosterEnvelope } from './roster-document.js'
import { newestRoster } from './rosters-here.js'
import { describeRoster } from './show.js'

/** Shows the changes of the roster in `file`, signed or not, and sends it for signing. Exit 5 if an unreadable policy is not accepted. */
export async function proposeRoster(
  context: CliContext,
  file: string,
  { acceptUnreadable = [] }: { acceptUnreadable?: string[] },
): Promise<void> {
  const current = await newestRoster(context)
  const document = await readYamlMap(file)
  // A statement that people have signed is not changed.
  const before = peekPredicate<RosterPredicate>(current.envelope)
  const next = isEnvelope(document)
    ? document
    : withEarlierRoles({ installation: current.installation, ...document }, before, new Date(context.io.now()))
  const envelope = await rosterEnvelope(next)
  // Applies the same rules as approver, so that an invalid roster is refused before it is sent.
  shownSuccessor(context, current, envelope)
  const accepted = acceptUnreadable.length === 0 ? {} : { acceptUnreadable }
  const view = await context.post('/v1/roster/proposals', { envelope, ...accepted })
  context.output.success(`Roster ${view.version} proposed, digest ${view.digest}`)
  printProgress(context, view)
}

type SignRosterFlags = FlagsOf<typeof SIGN_ROSTER>

/** Shows the proposed changes, unlocks the key, which is the consent, and submits the signature. `given`: digest, if several wait. */
async function signRosterProposal(context: CliContext, given: string | undefined, options: SignRosterFlags): Promise<void> {
  await findKey(context, options.sign)
  const proposal = choose(await context.get('/v1/roster/proposals'), given)
  // Verified with this machine's own chain. The digest is computed from the signed bytes, not taken from the service.
  const next = shownSuccessor(context, await newestRoster(context), proposal.envelope)
  const { acceptUnreadable = [] } = proposal
  if (acceptUnreadable.length > 0)
    context.output.note(`  ! readers may refuse what is live of ${acceptUnreadable.join(', ')}, as who proposed it accepted`)
  for (const named of [given, options.expectDigest]) expectDigest(named, next.digest) // guard: roster-as-named
  const signer = await openKey(context, options)
  const sig = await signer.sign(pae(STATEMENT_TYPE, Buffer.from(next.envelope.payload, 'base64')))
  const signature = { keyid: signer.keyid, sig: Buffer.from(sig).toString('base64') }
  const view = await context.post('/v1/roster/proposals/{digest}/signatures', signature, { params: { digest: next.digest } })
  context.output.success('Signature added')
  printProgress(context, view)
}

function choose(waiting: readonly RosterProposalView[], given: string | undefined): RosterProposalView {
  const matching = given === undefined ? waiting : waiting.filter(({ digest }) => digest === given)
  if (matching.length === 1) return matching[0]!
  if (matching.length > 1) {
    throw usageError(
      'Several proposals wait: name one by its digest',
      waiting.map(({ digest }) => `hms-svc roster sign ${digest} --sign NAME`),
    )
  }
  const detail = `No roster ${given === undefined ? '' : `${given} `}waits for signatures`
  throw new HmsError('HMS_ROSTER_PROPOSAL_UNKNOWN', detail, { status: 404, next: ['hms-svc roster propose FILE', 'hms-svc roster show'] })
}

/** Reads the next roster, and prints what a signer should read before the key is unlocked. */
function shownSuccessor({ output }: CliContext, current: Roster, envelope: Envelope): Roster {
  const next = readSuccessor(current, envelope)
  // The first roster does not name the installation and later ones do; that is not shown as a change.
  const from = { installation: current.installation, ...peekPredicate<RosterPredicate>(current.envelope) }
  const lines = [...describeDifference(from, peekPredicate<RosterPredicate>(next.envelope)), `  Digest ${next.digest}`]
  for (const line of lines) output.note(line)
  return next
}

/** Prints the missing signers; with --json only the proposal. */
function printProgress({ output }: CliContext, view: RosterProposalView): void {
  if (output.mode === 'json') return output.data(view, () => [])
  const { acceptUnreadable = [] } = view
  if (acceptUnreadable.length > 0) output.note(`Accepted: readers may refuse what is live of ${acceptUnreadable.join(', ')}`)
  if (view.state === 'CURRENT') return output.success(`Roster ${view.version} is in force`)
  for (const { version, signedBy, threshold } of view.progress) {
    const missing = Math.max(0, threshold - signedBy.length)
    output.success(
      `Roster ${version} asks for ${threshold}: signed by ` +
        `${signedBy.join(', ') || 'no one'}${missing === 0 ? '' : `; ${missing} more needed`}`,
    )
  }
}

/** Signs a proposed roster, named by its digest if several wait, or a roster in a file. */
export function signRoster(context: CliContext, given: string | undefined, options: SignRosterFlags): Promise<void> {
  if (given === undefined || given.startsWith('sha256:')) return signRosterProposal(context, given, options)
  return signRosterFile(context, given, options)
}

/** Signs a roster in a file without any service, such as an installation's first roster. Several people sign it one after the other. */
async function signRosterFile(context: CliContext, file: string, options: SignRosterFlags): Promise<void> {
  await findKey(context, options.sign)
  const document = await readYamlMap(file)
  const out = options.out ?? (isEnvelope(document) ? file : undefined)
  if (out === undefined)
    throw usageError(`${file} is not signed yet; say where the signed roster goes`, [
      `hms-svc roster sign ${shellWords([file])} --sign NAME --out roster.json`,
    ])
  const envelope = await rosterEnvelope(document)
  const roster = readUnsignedRoster(envelope)
  for (const line of describeRoster(roster)) context.output.note(line)
  expectDigest(options.expectDigest, roster.digest)
  const signer = await openKey(context, options)
  const person = roster.principalOfKey(signer.keyid)
  if (person?.kind !== 'person') {
    const detail = `The roster names no person with the key of "${options.sign}" (${signer.keyid}); its signature would count for nothing.`
    throw new HmsError('HMS_ROSTER_SIGNER_UNKNOWN', detail, { status: 403, next: [`hms-svc keys export "${options.sign}" --json`] })
  }
  const signed = await addSignature(envelope, signer)
  await writeFile(out, `${JSON.stringify(signed)}\n`)
  const { signed: signers, threshold, complete } = rootState(signed, roster)
  const signedBy = signers.map(({ name }) => name)
  const missing = Math.max(0, threshold - signers.length)
  const { version, digest } = roster
  if (!signers.includes(person))
    context.output.note(`! Roster ${version} does not count this signature: its root role names other people, or the key is revoked`)
  context.output.result({ file: out, version, digest, signedBy, threshold, missing }, [
    `Signature added to ${out}: roster ${version}, digest ${digest}`,
    complete
      ? `Enough people signed it; pin it with HMS_ROSTER=${out}`
      : `It asks for ${threshold} people: signed by ${signedBy.join(', ') || 'no valid signer'}; ${missing} more needed`,
  ])
}
