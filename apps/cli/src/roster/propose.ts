import { EXIT, peekPredicate } from '#libs/contracts'
import { readSuccessor, type RosterPredicate } from '#libs/signing'
import type { CliContext } from '../context.js'
import { readYamlMap } from '../yaml-file.js'
import { describeProposal, printProgress } from './describe-proposal.js'
import { withEarlierRoles } from './earlier-roles.js'
import { newestRoster } from './newest-roster.js'
import { isEnvelope, rosterEnvelope } from './roster-document.js'

/**
 * Shows the changes of the next roster and sends it to approver for signing. FILE: the whole next roster, or a signed statement of it.
 * `acceptUnreadable`: policies whose live release readers may then refuse. Approver refuses an incomplete list, exit 5.
 */
export async function proposeRoster(context: CliContext, file: string, acceptUnreadable: string[] = []): Promise<number> {
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
  const view = await client.post('/v1/roster/proposals', {
    envelope,
    ...(acceptUnreadable.length === 0 ? {} : { acceptUnreadable }),
  })
  context.output.done(`Roster ${view.version} proposed, digest ${view.digest}`)
  printProgress(context, view)
  return EXIT.done
}
