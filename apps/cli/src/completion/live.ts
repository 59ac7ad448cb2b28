import { policyRefs, type RunView } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { keyFolderOf } from '../keys/key-folder.js'
import type { Completion } from '../verbs/options.js'

/** Timeout in ms, short because the user is typing. A service that does not respond in time yields no candidates. */
const ANSWER_MS = 1_000

/** Maximum number of candidates from runs, the newest first. */
const AT_MOST = 50

export interface Candidate {
  text: string
  /** Description; some shells show it. */
  about?: string
}

/** Kind of resource whose names are fetched from the services or the key folder. */
export type Kind = Exclude<Completion, 'topic'>

/** Fetches the existing names of a kind from the services or the key folder. Rejects if there is no response in time. */
export async function fetchCandidates(kind: Kind, context: CliContext): Promise<Candidate[]> {
  if (kind === 'signer') return (await keyFolderOf(context).list()).map(({ name, keyid }) => ({ text: name, about: keyid }))
  const client = await context.client(undefined, ANSWER_MS)
  switch (kind) {
    case 'policy':
      return (await client.get('/v1/policies')).map(({ id, version }) => ({ text: id, about: version }))
    case 'version':
      return versionsOf(await client.get('/v1/runs'))
    case 'run':
      return (await client.get('/v1/runs'))
        .slice(0, AT_MOST)
        .map(({ run, state, policies }) => ({ text: String(run), about: `${state} ${policyRefs(policies)}` }))
    case 'ticket':
      return (await client.get('/v1/tickets')).map(({ ticket, run, state }) => ({ text: String(ticket), about: `run #${run} ${state}` }))
    case 'partner':
      return (await client.get('/v1/partners')).map(({ id, name }) => ({ text: id, about: name }))
    case 'freeze':
      return (await client.get('/v1/freezes')).map(({ id, reason }) => ({ text: id, about: reason }))
  }
}

function versionsOf(runs: readonly RunView[]): Candidate[] {
  const versions = new Set(runs.flatMap(({ policies }) => policies.map(({ id, version }) => `${id}@${version}`)))
  return [...versions].slice(0, AT_MOST).map((text) => ({ text }))
}
