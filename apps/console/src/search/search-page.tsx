import type { BotSummary, PolicyView, RunView } from '#libs/contracts'
import type { JSX } from 'preact'
import { readFleet } from '../bots/fleet-picture.js'
import { Absent, None } from '../layout/absent.js'
import type { PageContent, PageRequest } from '../layout/page.js'
import { count, policiesText } from '../layout/parts.js'
import { isUnread, valueOf, type Answer } from '../reading/answer.js'

const MAX_QUERY = 100
const MAX_HITS = 50
/** Policies whose bots are searched. */
const MAX_FLEETS = 5

interface Hit {
  kind: string
  text: string
  href: string
}

/** Finds a policy, run, partner, bot or entry of the log by its name or number. */
export async function searchPage({ read, query }: PageRequest): Promise<PageContent> {
  const asked = (query.get('q') ?? '').trim().slice(0, MAX_QUERY)
  const [policies, runs, partners, bots] = await Promise.all([
    read<PolicyView[]>('/v1/policies'),
    read<RunView[]>('/v1/runs'),
    read<{ id: string; name: string }[]>('/v1/partners'),
    read<BotSummary[]>('/v1/bots'),
  ])
  const fleets = await Promise.all((valueOf(policies) ?? []).slice(0, MAX_FLEETS).map(({ id }) => readFleet(read, id)))
  const connected = fleets.flatMap((fleet) => {
    const { policy, bots: all = [] } = valueOf(fleet) ?? { policy: '' }
    return all.map(({ id }) => ({ id, policy }))
  })
  const unread = ([policies, runs, partners, bots] as Answer<unknown>[]).filter(isUnread)
  const word = asked.toLowerCase()
  const has = (...texts: string[]): boolean => texts.some((text) => text.toLowerCase().includes(word))
  const hits: Hit[] =
    asked === ''
      ? []
      : [
          ...numbered(word),
          ...(valueOf(policies) ?? [])
            .filter(({ id, value }) => has(id, String(value['title'] ?? '')))
            .map(({ id, version }) => ({ kind: 'Policy', text: `${id} ${version}`, href: `/policies/${encodeURIComponent(id)}` })),
          ...(valueOf(runs) ?? [])
            .filter(({ policies: of }) => has(policiesText(of)))
            .map(({ run, policies: of }) => ({ kind: 'Run', text: `Run ${run}: ${policiesText(of)}`, href: `/runs/${run}` })),
          ...(valueOf(partners) ?? [])
            .filter(({ id, name }) => has(id, name))
            .map(({ id, name }) => ({ kind: 'Partner', text: `${name} (${id})`, href: `/partners?partner=${encodeURIComponent(id)}` })),
          ...(valueOf(bots) ?? [])
            .filter(({ id }) => has(id))
            .map(({ id }) => ({ kind: 'Bot for replay', text: id, href: '/bots#registered' })),
          ...connected
            .filter(({ id }) => has(id))
            .map(({ id, policy }) => ({ kind: 'Bot', text: `${id}, reads ${policy}`, href: `/bots?policy=${encodeURIComponent(policy)}` })),
          { kind: 'Documentation', text: `Search the documentation for “${asked}”`, href: `/docs?q=${encodeURIComponent(asked)}` },
        ]
  return {
    title: asked === '' ? 'Search' : `${asked} · Search`,
    heading: 'Search',
    section: 'Search',
    summary:
      asked === '' ? 'Type the name of a policy, partner or bot, or a number.' : `${count(hits.length - 1, 'result')} for “${asked}”.`,
    body: (
      <>
        {unread.map((answer) => (
          <Absent answer={answer} what="results" />
        ))}
        {asked === '' ? <None>Nothing was searched for.</None> : <Hits hits={hits} />}
      </>
    ),
  }
}

/** `184`, `#184` and `run 184` are numbers of a run, and of an entry of the log. */
function numbered(word: string): Hit[] {
  const number = /^(?:#|run ?#?|entry ?)?(\d{1,9})$/.exec(word)?.[1]
  if (number === undefined) return []
  return [
    { kind: 'Run', text: `Run ${number}`, href: `/runs/${number}` },
    { kind: 'Entry of the log', text: `Entry ${number}`, href: `/audit/${number}` },
  ]
}

function Hits({ hits }: { hits: readonly Hit[] }): JSX.Element {
  return (
    <>
      <ul class="hits">
        {hits.slice(0, MAX_HITS).map(({ kind, text, href }) => (
          <li key={href + text}>
            <span class="quiet">{kind}</span> <a href={href}>{text}</a>
          </li>
        ))}
      </ul>
      {hits.length > MAX_HITS ? <p>{hits.length - MAX_HITS} more are not shown. Type more of the name.</p> : null}
    </>
  )
}
