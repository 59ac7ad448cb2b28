import { HmsError, peekPredicate, type RosterProposalView } from '#libs/contracts'
import { pae, readSuccessor, STATEMENT_TYPE, type Roster, type RosterPredicate, type Signer } from '#libs/signing'
import type { CliContext } from '../context.js'
import { expectDigest, usageError } from '../errors.js'
import { readYamlMap } from '../files.js'
import { findKey, openKey, type SignFlags } from '../keys/key-folder.js'
import { describeDifference } from './describe-difference.js'
import { withEarlierRoles } from './earlier-roles.js'
import { isEnvelope, rosterEnvelope } from './roster-document.js'
import { newestRoster } from './rosters-here.js'

/**
 * Shows the changes of the next roster and sends it to approver for signing. FILE: the whole next roster, or a signed statement of it.
 * `acceptUnreadable`: policies whose live release readers may then refuse. Approver refuses an incomplete list, exit 5.
 */
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
  // The same rules as approver's: what it would refuse is refused before anything is sent.
  const successor = readSuccessor(current, envelope)
  for (const line of describeProposal(current, successor)) context.output.note(line)
  const client = await context.client()
  const accepted = acceptUnreadable.length === 0 ? {} : { acceptUnreadable }
  const view = await client.post('/v1/roster/proposals', { envelope, ...accepted })
  context.output.done(`Roster ${view.version} proposed, digest ${view.digest}`)
  printProgress(context, view)
}

export interface SignRosterFlags extends SignFlags {
  expectDigest?: string
  /** Output path of a signed roster file. */
  out?: string
}

/** Shows the changes of the proposed roster, unlocks the key, which is the consent, and submits. `given`: digest, if several wait. */
export async function signRosterProposal(context: CliContext, given: string | undefined, options: SignRosterFlags): Promise<void> {
  await findKey(context, options.sign)
  const client = await context.client()
  const proposal = choose(await client.get('/v1/roster/proposals'), given)
  const next = checked(proposal, await newestRoster(context), context)
  expectDigest(options.expectDigest, next.digest)
  const signer = await openKey(context, options)
  const view = await client.post('/v1/roster/proposals/{digest}/signatures', await signatureOf(next, signer), {
    params: { digest: next.digest },
  })
  context.output.done('Signature added')
  printProgress(context, view)
}

/** Verifies the proposal by this machine's own chain; the digest is that of the signed bytes, whatever the service reports. */
function checked({ envelope, acceptUnreadable = [] }: RosterProposalView, current: Roster, { output }: CliContext): Roster {
  const next = readSuccessor(current, envelope)
  for (const line of describeProposal(current, next)) output.note(line)
  if (acceptUnreadable.length > 0)
    output.note(`  ! readers may refuse what is live of ${acceptUnreadable.join(', ')}, as who proposed it accepted`)
  return next
}

async function signatureOf({ envelope }: Roster, signer: Signer): Promise<{ keyid: string; sig: string }> {
  const sig = await signer.sign(pae(STATEMENT_TYPE, Buffer.from(envelope.payload, 'base64')))
  return { keyid: signer.keyid, sig: Buffer.from(sig).toString('base64') }
}

function choose(waiting: readonly RosterProposalView[], given: string | undefined): RosterProposalView {
  const fitting = given === undefined ? waiting : waiting.filter(({ digest }) => digest === given)
  if (fitting.length === 1) return fitting[0]!
  if (fitting.length > 1) {
    throw usageError(
      'Several proposals wait: name one by its digest',
      waiting.map(({ digest }) => `hms-svc roster sign ${digest} --sign NAME`),
    )
  }
  throw new HmsError(
    'HMS_ROSTER_PROPOSAL_UNKNOWN',
    given === undefined ? 'No roster waits for signatures' : `No roster ${given} waits for signatures`,
    {
      status: 404,
      next: ['hms-svc roster propose FILE', 'hms-svc roster show'],
    },
  )
}

/** Returns what a signer should read before the key is unlocked. */
function describeProposal(current: Roster, next: Roster): string[] {
  const [from, to] = [current, next].map(({ envelope }) => peekPredicate<RosterPredicate>(envelope)) as [RosterPredicate, RosterPredicate]
  // Later rosters name the first one: that is no change.
  return [...describeDifference({ installation: current.installation, ...from }, to), `  Digest ${next.digest}`]
}

/** Prints the missing signers; with --json only the proposal. */
function printProgress({ output }: CliContext, view: RosterProposalView): void {
  if (output.mode === 'json') return output.data(view, () => [])
  const { acceptUnreadable = [] } = view
  if (acceptUnreadable.length > 0) output.note(`Accepted: readers may refuse what is live of ${acceptUnreadable.join(', ')}`)
  if (view.state === 'CURRENT') return output.done(`Roster ${view.version} is in force`)
  for (const { version, signedBy, threshold } of view.progress) {
    const missing = Math.max(0, threshold - signedBy.length)
    output.done(
      `Roster ${version} asks for ${threshold}: signed by ` +
        `${signedBy.join(', ') || 'no one'}${missing === 0 ? '' : `; ${missing} more needed`}`,
    )
  }
}
