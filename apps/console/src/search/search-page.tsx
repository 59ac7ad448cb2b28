import { groupBy, policyRefs, MAX_NAMED_BOTS, numberText, type BotSummary, type PolicyView, type RunView } from '#libs/contracts'
import type { JSX } from 'preact'
import { readBots } from '../bots/fleet-picture.js'
import { Absent, None } from '../layout/absent.js'
import type { PageContent, PageRequest } from '../layout/page.js'
import { count } from '../layout/parts.js'
import { isUnread, valueOf, type Answer, type Read } from '../reading/answer.js'
import { textIn } from '../forms/query.js'

const MAX_QUERY = 100
/** Results shown of each kind, so that many of one kind hide none of another. */
const MAX_HITS_OF_KIND = 20
const MAX_RUNS = 1_000
/** Policies whose bots are searched. */
const MAX_FLEETS = 100

interface Hit {
  kind: string
  text: string
  href: string
}

/** Finds a policy, run, partner, bot or entry of the log by its name or number. */
export async function searchPage({ read, query }: PageRequest): Promise<PageContent> {
  const asked = textIn(query, 'q', MAX_QUERY)
  const place = { heading: 'Search', section: 'Search' as const }
  if (asked === '') {
    const summary = 'Type the name of a policy, partner or bot, or a number.'
    return { ...place, title: 'Search', summary, body: <None>Nothing was searched for.</None> }
  }
  const { hits, unread, bounds } = await search(read, asked.toLowerCase())
  hits.push({ kind: 'Documentation', text: `Search the documentation for “${asked}”`, href: `/docs?q=${encodeURIComponent(asked)}` })
  return {
    ...place,
    title: `${asked} · Search`,
    summary: `${count(hits.length - 1, 'result')} for “${asked}”.`,
    // A hundred fleets are read once, and not for every event.
    still: true,
    body: (
      <>
        {unread.map((answer) => (
          <Absent answer={answer} what="results" />
        ))}
        <Hits hits={hits} />
        {bounds.map((text) => (
          <p key={text}>{text}</p>
        ))}
      </>
    ),
  }
}

/** Returns the matches, and the failed reads and bounds that may hide further matches. `word`: in lower case. */
async function search(read: Read, word: string): Promise<{ hits: Hit[]; unread: Answer<unknown>[]; bounds: string[] }> {
  const [policies, runs, partners, bots] = await Promise.all([
    read<PolicyView[]>('/v1/policies'),
    read<RunView[]>(`/v1/runs?limit=${MAX_RUNS}`),
    read<{ id: string; name: string }[]>('/v1/partners'),
    read<BotSummary[]>('/v1/bots'),
  ])
  const ids = (valueOf(policies) ?? []).map(({ id }) => id)
  const coverages = await Promise.all(ids.slice(0, MAX_FLEETS).map((id) => readBots(read, id, word)))
  const fleets = coverages.flatMap((coverage) => valueOf(coverage) ?? [])
  const has = (...texts: string[]): boolean => texts.some((text) => text.toLowerCase().includes(word))
  const hits = [
    ...numbered(word),
    ...(valueOf(policies) ?? [])
      .filter(({ id, value }) => has(id, String(value['title'] ?? '')))
      .map(({ id, version }) => ({ kind: 'Policy', text: `${id} ${version}`, href: `/policies/${encodeURIComponent(id)}` })),
    ...(valueOf(runs) ?? [])
      .filter(({ policies: of }) => has(policyRefs(of)))
      .map(({ run, policies: of }) => ({ kind: 'Run', text: `Run ${run}: ${policyRefs(of)}`, href: `/runs/${run}` })),
    ...(valueOf(partners) ?? [])
      .filter(({ id, name }) => has(id, name))
      .map(({ id, name }) => ({ kind: 'Partner', text: `${name} (${id})`, href: `/partners?partner=${encodeURIComponent(id)}` })),
    ...(valueOf(bots) ?? []).filter(({ id }) => has(id)).map(({ id }) => ({ kind: 'Bot for replay', text: id, href: '/fleet#registered' })),
    ...fleets.flatMap(({ policy, bots: named = [] }) =>
      named.map(({ id }) => ({ kind: 'Bot', text: `${id}, reads ${policy}`, href: `/fleet?policy=${encodeURIComponent(policy)}` })),
    ),
  ]
  const bounds = [
    ...((valueOf(runs) ?? []).length < MAX_RUNS ? [] : [`Only the newest ${numberText(MAX_RUNS)} runs were searched.`]),
    ...(ids.length <= MAX_FLEETS ? [] : [`Only bots of the first ${MAX_FLEETS} of ${ids.length} policies were searched.`]),
    ...fleets
      .filter(({ cells }) => cells !== undefined)
      .map(({ policy }) => `More than ${MAX_NAMED_BOTS} bots of ${policy} have such a name: type more of it.`),
  ]
  return { hits, bounds, unread: [...[policies, runs, partners, bots].filter(isUnread), ...coverages.filter(isUnread).slice(0, 1)] }
}

/** Returns the run and the log entry of a number such as `184`, `#184` or `run 184`. */
function numbered(word: string): Hit[] {
  const number = /^(?:#|run ?#?|entry ?)?(\d{1,9})$/.exec(word)?.[1]
  if (number === undefined) return []
  return [
    { kind: 'Run', text: `Run ${number}`, href: `/runs/${number}` },
    { kind: 'Entry of the log', text: `Entry ${number}`, href: `/audit/${number}` },
  ]
}

function Hits({ hits }: { hits: readonly Hit[] }): JSX.Element {
  const shown = [...groupBy(hits, ({ kind }) => kind).values()].flatMap((ofKind) => ofKind.slice(0, MAX_HITS_OF_KIND))
  return (
    <>
      <ul class="hits">
        {shown.map(({ kind, text, href }) => (
          <li key={href + text}>
            <span class="quiet">{kind}</span> <a href={href}>{text}</a>
          </li>
        ))}
      </ul>
      {hits.length > shown.length ? <p>{hits.length - shown.length} more are not shown. Type more of the name.</p> : null}
    </>
  )
}
