import type { ApiClient } from '#libs/client'
import { EXIT, type ChangeView, type PolicyHistoryEntry } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requireName, usageError } from '../errors.js'

export interface HistoryOptions {
  /** As written. */
  limit?: string
}

/** What one answer of the service may hold. */
const PAGE = 200
/** Of all pages together; what lies behind them is had with `export`. */
const MAX_ENTRIES = 10_000

type EntryState = 'HELD' | 'IN_FORCE' | 'REPLACED' | 'WITHDRAWN'

/** Every version that was in force for all, the newest first, with its run, signers and times. */
export async function showHistory(context: CliContext, id: string, options: HistoryOptions): Promise<number> {
  requireName(id, 'the id of a policy', 'hms-svc policies list')
  const limit = limitOf(options.limit)
  const found = await readAll(await context.client(), id, limit)
  const now = context.io.now()
  const entries = found.map((entry) => ({ ...entry, state: stateOf(entry, now) }))
  context.output.list(
    entries,
    [
      { heading: 'VERSION', cell: ({ version }) => version },
      { heading: 'STATE', cell: ({ state }) => state },
      { heading: 'IN FORCE FROM', cell: ({ from }) => from },
      { heading: 'UNTIL', cell: ({ until }) => until },
      { heading: 'RECORDED', cell: ({ recordedAt }) => recordedAt },
      { heading: 'RUN', cell: ({ run }) => run },
      { heading: 'APPROVED BY', cell: ({ approvedBy }) => approvedBy.join(', ') },
      { heading: 'WHY', cell: whyOf },
      { heading: 'CHANGED', cell: ({ differences }) => changed(differences) },
      { heading: 'DIGEST', cell: ({ digest }) => digest },
    ],
    `No policy ${id} was ever in force.`,
  )
  if (entries.length === MAX_ENTRIES) context.output.note(`The newest ${MAX_ENTRIES} are shown; hms-svc export has all`)
  return EXIT.done
}

async function readAll(client: ApiClient, id: string, limit: number): Promise<PolicyHistoryEntry[]> {
  const path = `/v1/policies/${encodeURIComponent(id)}/history`
  const entries: PolicyHistoryEntry[] = []
  for (let before: number | undefined; entries.length < limit; before = entries.at(-1)!.seq) {
    const page = await client.get<PolicyHistoryEntry[]>(path, { limit: PAGE, before })
    if (page.length === 0) break
    entries.push(...page)
  }
  return entries.slice(0, limit)
}

function stateOf({ version, from, until }: PolicyHistoryEntry, now: number): EntryState {
  if (Date.parse(from) > now) return 'HELD'
  if (until !== null && Date.parse(until) <= now) return 'REPLACED'
  return version === null ? 'WITHDRAWN' : 'IN_FORCE'
}

/** A first version changes everything, which says nothing. */
function changed(differences: PolicyHistoryEntry['differences']): string | null {
  if (differences.every(({ from }) => from === undefined)) return null
  const told = differences.filter(({ field }) => field !== 'version').map(({ text }) => text)
  return told.length === 0 ? null : told.join('; ')
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return MAX_ENTRIES
  const limit = Number(text)
  if (/^\d+$/.test(text) && limit >= 1 && limit <= MAX_ENTRIES) return limit
  throw usageError(`--limit ${text} is not a number from 1 to ${MAX_ENTRIES}`)
}

/** `rollback by Air Office: tree frogs were seen`; of a run its signers are in their own column. */
export function whyOf({ cause, by = [], reason }: Partial<ChangeView>): string | null {
  if (cause === undefined) return null
  const who = cause === 'run' || by.length === 0 ? '' : ` by ${by.join(', ')}`
  return `${cause}${who}${(reason ?? null) === null ? '' : `: ${reason}`}`
}
