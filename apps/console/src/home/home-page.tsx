import { isTerminal, type PolicyView, type RunView } from '#libs/contracts'
import type { JSX } from 'preact'
import { FleetPart, readFleet } from '../bots/fleet-picture.js'
import { Absent, Loaded, LoadedPart, None } from '../layout/absent.js'
import type { PageContent, PageRequest } from '../layout/page.js'
import { count, Part, policiesText, RunLink } from '../layout/parts.js'
import { StateTag } from '../layout/state-words.js'
import { PolicyTable } from '../policies/policy-table.js'
import { valueOf, type Answer } from '../reading/answer.js'
import { Needs } from './needs.js'
import { countTrouble, Trouble } from './trouble.js'
import { WalkthroughPart } from './walkthrough.js'
import { readFacts } from './world.js'

const MAX_POLICIES = 20

/** What is in force, what needs a person, and what is wrong now. */
export async function homePage({ read, health, walkthrough }: PageRequest): Promise<PageContent> {
  const [policies, facts, steps] = await Promise.all([
    read<PolicyView[]>('/v1/policies'),
    readFacts({ read, health }),
    // Absent while services of the demo cannot be read; the rest of the page reports that.
    walkthrough?.steps().catch(() => []),
  ])
  const { trouble, needs } = facts
  const { open } = needs
  const shown = valueOf(open)?.[0]?.policies[0]?.id ?? valueOf(policies)?.[0]?.id
  const fleet = shown === undefined ? undefined : await readFleet(read, shown)
  return {
    title: 'Overview',
    section: 'Overview',
    summary: summaryOf(policies, open, countTrouble(trouble)),
    body: (
      <div class="columns">
        <div>
          {steps === undefined ? null : <WalkthroughPart steps={steps} />}
          <Part id="needs" title="What needs a person">
            <Needs facts={needs} />
          </Part>
          <Part id="wrong" title="What is wrong now">
            <Trouble facts={trouble} />
          </Part>
          <Part id="runs" title="Under way">
            <Absent answer={trouble.freezes} what="freezes" />
            <Loaded answer={open} what="runs" children={underWay} />
          </Part>
        </div>
        <div>
          {fleet === undefined ? null : <FleetPart answer={fleet} />}
          <LoadedPart id="policies" title="Policies in force" answer={policies} what="policies" children={inForce} />
        </div>
      </div>
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

function underWay(runs: readonly RunView[]): JSX.Element {
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

function inForce(policies: readonly PolicyView[]): JSX.Element {
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
