import { EXIT, type RosterProposalView } from '#libs/contracts'
import { readSuccessor } from '#libs/signing'
import type { CliContext } from '../context.js'
import { readYamlMap } from '../yaml-file.js'
import { describeProposal, printProgress } from './describe-proposal.js'
import { newestRoster } from './newest-roster.js'
import { isEnvelope, rosterEnvelope } from './roster-document.js'

/**
 * Shows what the next roster changes and hands it to approver, for people to sign. FILE: the whole next roster, or a signed statement of
 * it.
 */
export async function proposeRoster(context: CliContext, file: string): Promise<number> {
  const current = await newestRoster(context)
  const document = await readYamlMap(file)
  // A statement that people have signed is as they signed it.
  const envelope = await rosterEnvelope(isEnvelope(document) ? document : { installation: current.installation, ...document })
  // The same rules as approver's: what it would refuse is refused before anything is sent.
  const next = readSuccessor(current, envelope)
  for (const line of describeProposal(current, next)) context.output.note(line)
  const client = await context.client()
  const view = await client.post<RosterProposalView>('/v1/roster/proposals', { envelope })
  context.output.done(`Roster ${view.version} proposed, digest ${view.digest}`)
  printProgress(context, view)
  return EXIT.done
}
