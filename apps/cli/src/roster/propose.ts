import { EXIT, type Envelope, type RosterProposalView } from '#libs/contracts'
import { keyIdOf, readSuccessor, signRoster, spkiToKey, type RosterKey, type RosterPredicate } from '#libs/signing'
import type { CliContext } from '../context.js'
import { readYamlMap } from '../yaml-file.js'
import { describeProposal, sayProgress } from './describe-proposal.js'
import { newestRoster } from './newest-roster.js'

/** Shows what the next roster changes and hands it to approver, for people to sign. FILE: the whole next roster, or a signed statement of it. */
export async function proposeRoster(context: CliContext, file: string): Promise<number> {
  const current = await newestRoster(context)
  const envelope = await envelopeOf(await readYamlMap(file))
  // The same rules as approver's: what it would refuse is refused before anything is sent.
  const next = readSuccessor(current, envelope)
  for (const line of describeProposal(current, next)) context.output.note(line)
  const client = await context.client()
  const view = await client.post<RosterProposalView>('/v1/roster/proposals', { envelope })
  context.output.done(`Roster ${view.version} proposed, digest ${view.digest}`)
  sayProgress(context, view)
  return EXIT.done
}

async function envelopeOf(document: object): Promise<Envelope> {
  if ('payloadType' in document) return document as Envelope
  const { principals, ...rest } = document as RosterPredicate
  const named = typeof principals === 'object' && principals !== null ? Object.entries(principals).map(([id, each]) => [id, { ...each, keys: withKeyIds(each?.keys) }]) : undefined
  return signRoster({ ...rest, principals: named === undefined ? principals : (Object.fromEntries(named) as RosterPredicate['principals']) }, [])
}

/** What a key's fingerprint is nobody has to write. */
function withKeyIds(keys: RosterKey[] | undefined): RosterKey[] | undefined {
  if (!Array.isArray(keys)) return keys
  return keys.map((key) => (key.keyid === undefined && typeof key.spki === 'string' ? { ...key, keyid: keyIdOf(spkiToKey(key.spki)) } : key))
}
