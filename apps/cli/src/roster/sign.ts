import { EXIT, HmsError, type RosterProposalView } from '#libs/contracts'
import { pae, readSuccessor, STATEMENT_TYPE, type Roster, type Signer } from '#libs/signing'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'
import { expectDigest } from '../keys/expect-digest.js'
import { findKey, keyFolderOf, openKey } from '../keys/key-folder.js'
import type { PassphraseOptions } from '../keys/passphrase.js'
import { describeProposal, printProgress } from './describe-proposal.js'
import { newestRoster } from './newest-roster.js'

export interface SignRosterOptions extends PassphraseOptions {
  sign: string
  expectDigest?: string
  /** Output path of a signed roster file. */
  out?: string
}

/** Shows the changes of the proposed roster, unlocks the key, which is the consent, and submits. `given`: digest, if several wait. */
export async function signRosterProposal(context: CliContext, given: string | undefined, options: SignRosterOptions): Promise<number> {
  const folder = keyFolderOf(context)
  await findKey(folder, options.sign)
  const client = await context.client()
  const proposal = choose(await client.get('/v1/roster/proposals'), given)
  const next = checked(proposal, await newestRoster(context), context)
  expectDigest(options.expectDigest, next.digest)
  const signer = await openKey(context, folder, options.sign, options)
  const view = await client.post('/v1/roster/proposals/{digest}/signatures', await signatureOf(next, signer), {
    params: { digest: next.digest },
  })
  context.output.done('Signature added')
  printProgress(context, view)
  return EXIT.done
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
