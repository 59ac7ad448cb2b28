import { defined, entrySentence, isByPeople, type AuditEntry, type RunView } from '#libs/contracts'
import { isTimestamp } from '#libs/policy'
import { mapAnswer, valueOf, type Answer, type Read } from '../reading/answer.js'
import { queryOf, textIn } from '../forms/query.js'

/** Maximum log entries that a page reads before it filters; older ones are on the next page. */
export const PAGE_ENTRIES = 1_000

export interface LogFilter {
  run?: number
  /** Name of a person: what they signed, decided, froze, revoked or sent again. */
  by?: string
  /** Part of the key, in lower case: a policy, a partner, a freeze. */
  about?: string
  /** Part of the type or of the sentence, in lower case: `approval`, `back to 1.5.0`. */
  act?: string
  service?: string
  kind?: 'people' | 'services'
  /** RFC 3339 dates, both included. */
  since?: string
  until?: string
  /** Index: entries before it. */
  before?: number
}

export interface LogPage {
  /** The newest first. */
  entries: AuditEntry[]
  /** Number of entries read before filtering; 0 for an empty log. */
  examined: number
  /** Index before which the next older page begins; `undefined` at the beginning of the log. */
  older?: number
}

/** Reads the newest entries, of a person or run if given. The service filters by these, so a page has up to 1,000 of them. */
export async function readLog(read: Read, filter: LogFilter): Promise<Answer<LogPage>> {
  const asked = { by: filter.by, run: filter.run, before: filter.before, order: 'newest', limit: PAGE_ENTRIES, acts: true }
  const answer = await read<AuditEntry[]>(`/v1/audit/entries?${queryOf(asked)}`)
  const policies = await policiesOf(read, filter, answer)
  return mapAnswer(answer, (list) => ({
    entries: matching(list, filter, policies),
    examined: list.length,
    ...(list.length < PAGE_ENTRIES ? {} : { older: list.at(-1)!.index }),
  }))
}

/** Returns the policies of the newest 1,000 runs among these entries, because the key of a bundle names only one member. */
async function policiesOf(read: Read, { about }: LogFilter, answer: Answer<AuditEntry[]>): Promise<Map<number | null, string[]>> {
  const newest = Math.max(0, ...(valueOf(answer) ?? []).map(({ run }) => run ?? 0))
  if (about === undefined || newest === 0) return new Map()
  const runs = valueOf(await read<RunView[]>(`/v1/runs?before=${newest + 1}&limit=${PAGE_ENTRIES}`)) ?? []
  return new Map(runs.map(({ run, policies }) => [run, policies.map(({ id }) => id)]))
}

function matching(entries: readonly AuditEntry[], filter: LogFilter, policies: ReadonlyMap<number | null, string[]>): AuditEntry[] {
  const { about, act, service, kind, since, until } = filter
  const named = ({ key, run, acts = [] }: AuditEntry): string[] =>
    [key, policies.get(run) ?? [], acts.flatMap((one) => one.policies?.map(({ id }) => id) ?? [])].flat()
  const fits = (entry: AuditEntry): boolean =>
    (about === undefined || named(entry).some((name) => name.toLowerCase().includes(about))) &&
    (act === undefined || `${entry.type} ${entrySentence(entry)}`.toLowerCase().includes(act)) &&
    (service === undefined || entry.source === `/hms-svc/${service}`) &&
    (since === undefined || entry.at >= since) &&
    (until === undefined || entry.at.slice(0, until.length) <= until)
  const isOfKind = (entry: AuditEntry): boolean => kind === undefined || isByPeople(entry) === (kind === 'people')
  return entries.filter((entry) => fits(entry) && isOfKind(entry))
}

/** Returns the filters in an address, or which one is invalid: without that filter the entries would be others than requested. */
export function logFilterIn(query: URLSearchParams): LogFilter | string {
  const text = (name: string): string => textIn(query, name, 100)
  const digits = (name: string): string => text(name).replace(/^(?:run ?)?#?/i, '')
  const day = ['since', 'until'].find((name) => text(name) !== '' && !isTimestamp(`${text(name)}T00:00:00Z`))
  if (day !== undefined) return `${day} must be a day such as 2026-11-02, not “${text(day)}”.`
  const number = ['run', 'before'].find((name) => !/^\d{0,15}$/.test(digits(name)))
  if (number !== undefined) return `${number} must be a number, not “${text(number)}”.`
  const kind = text('kind')
  return defined<LogFilter>({
    run: Number(digits('run')) || undefined,
    by: text('by') || undefined,
    about: text('about').toLowerCase() || undefined,
    act: text('act').toLowerCase() || undefined,
    service: text('service') || undefined,
    kind: kind === 'people' || kind === 'services' ? kind : undefined,
    since: text('since') || undefined,
    until: text('until') || undefined,
    before: Number(digits('before')) || undefined,
  })
}
