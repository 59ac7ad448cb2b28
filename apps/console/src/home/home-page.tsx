import { isTerminal, type ApprovalSummary, type FreezeView, type PolicyView, type RunView, type Ticket } from '#libs/contracts'
import type { JSX } from 'preact'
import { Loaded, None } from '../layout/absent.js'
import type { PageContent, PageRequest } from '../layout/page.js'
import { count, Part, policiesText, RunLink, Moment } from '../layout/parts.js'
import { StateTag } from '../layout/state-words.js'
import { PolicyTable } from '../policies/policy-table.js'
import { valueOf, type Answer } from '../reading/answer.js'
import { readHealth } from '../status/read-health.js'
import { readLetters } from '../topics/read-topics.js'
import { Needs } from './needs.js'
import { countTrouble, Trouble } from './trouble.js'

const MAX_POLICIES = 20

/** What is in force, what needs a person, and what is wrong now. */
export async function homePage({ read, health }: PageRequest): Promise<PageContent> {
  const [policies, open, approvals, tickets, freezes, runs, partners, letters, services] = await Promise.all([
    read<PolicyView[]>('/v1/policies'),
    read<RunView[]>('/v1/runs?open=yes'),
    read<ApprovalSummary[]>('/v1/approvals'),
    read<Ticket[]>('/v1/tickets?state=OPEN'),
    read<FreezeView[]>('/v1/freezes'),
    read<RunView[]>('/v1/runs'),
    read<{ groups: string[] }[]>('/v1/partners'),
    readLetters(read),
    readHealth(health),
  ])
  const trouble = { services, letters, runs, open, freezes, tickets, partners }
  return {
    title: 'Home',
    heading: 'What is in force',
    section: 'Home',
    summary: summaryOf(policies, open, countTrouble(trouble)),
    body: (
      <>
        <Part id="needs" title="What needs a person">
          <Needs facts={{ open, approvals, tickets }} />
        </Part>
        <Part id="wrong" title="What is wrong now">
          <Trouble facts={trouble} />
        </Part>
        <Part id="runs" title="Under way">
          <Loaded answer={freezes} what="freezes">
            {(all) => <ActiveFreezes freezes={all} />}
          </Loaded>
          <Loaded answer={open} what="runs">
            {(all) => <UnderWay runs={all} />}
          </Loaded>
        </Part>
        <Part id="policies" title="Policies in force">
          <Loaded answer={policies} what="policies">
            {(list) => <InForce policies={list} />}
          </Loaded>
        </Part>
      </>
    ),
  }
}

function summaryOf(policies: Answer<PolicyView[]>, open: Answer<RunView[]>, wrong: number): string {
  const inForce = valueOf(policies)
  const runs = valueOf(open)
  return [
    inForce === undefined ? 'What is in force cannot be read now.' : `${count(inForce.length, 'policy', 'policies')} in force.`,
    ...(runs === undefined ? [] : [`${count(runs.length, 'run')} under way.`]),
    wrong === 0 ? 'Nothing is known to be wrong.' : `${count(wrong, 'thing')} ${wrong === 1 ? 'is' : 'are'} wrong.`,
  ].join(' ')
}

function UnderWay({ runs }: { runs: RunView[] }): JSX.Element {
  const live = runs.filter(({ state }) => !isTerminal(state))
  if (live.length === 0) return <None>No run is under way.</None>
  return (
    <ul>
      {live.map((run) => (
        <li key={run.run}>
          <RunLink run={run.run} /> {policiesText(run.policies)} <StateTag state={run.state} />
        </li>
      ))}
    </ul>
  )
}

function InForce({ policies }: { policies: PolicyView[] }): JSX.Element {
  return (
    <>
      <PolicyTable policies={policies.slice(0, MAX_POLICIES)} />
      {policies.length > MAX_POLICIES ? (
        <p>
          <a href="/policies">All {policies.length} policies</a>
        </p>
      ) : null}
    </>
  )
}

/** Lists the active freezes. */
function ActiveFreezes({ freezes }: { freezes: FreezeView[] }): JSX.Element | null {
  const active = freezes.filter(({ state }) => state === 'ACTIVE')
  if (active.length === 0) return null
  return (
    <ul>
      {active.map(({ id, scope, reason, by, next }) => (
        <li key={id}>
          Nothing goes forward {scope === 'global' ? 'anywhere' : `in ${scope}`}: <a href="/freezes">{id}</a> ({reason}), by {by}
          {next === null ? (
            ', until it is lifted.'
          ) : (
            <>
              , until <Moment at={next} />.
            </>
          )}
        </li>
      ))}
    </ul>
  )
}
