import { policyRefs, isTerminal, type PolicyView, type RunState, type RunView } from '#libs/contracts'
import type { JSX } from 'preact'
import { FleetPart, readFleet } from '../bots/fleet-picture.js'
import { Absent, Loaded, LoadedPart, None } from '../layout/absent.js'
import type { PageContent, PageRequest } from '../layout/page.js'
import { count, Moment, Part, RunLink } from '../layout/parts.js'
import { StateTag, wordsFirst } from '../layout/state-words.js'
import { PolicyTable } from '../policies/policy-table.js'
import { valueOf, type Answer } from '../reading/answer.js'
import { Needs } from './needs.js'
import { countTrouble, Trouble } from './trouble.js'
import { WalkthroughPart } from './walkthrough.js'
import { readFacts } from './overview-state.js'

const [MAX_POLICIES, MAX_ENDED] = [20, 6]
/** States in which bots change to another version, or two versions are compared. */
const TURNING: readonly RunState[] = ['CANARY', 'PAUSED', 'ROLLING_OUT', 'BAKING', 'ROLLING_BACK']

/** Overview: the policies in force, the tasks of people, and current faults. */
export async function homePage({ read, health, walkthrough }: PageRequest): Promise<PageContent> {
  const [policies, facts, steps] = await Promise.all([
    read<PolicyView[]>('/v1/policies'),
    readFacts({ read, health }),
    // Absent while services of the demo cannot be read; the rest of the page reports that.
    walkthrough?.steps().catch(() => []),
  ])
  const { trouble, needs } = facts
  const { open } = needs
  const shown = picturedOf(valueOf(open) ?? [], valueOf(trouble.runs) ?? [], valueOf(policies) ?? [])
  const fleet = shown === undefined ? undefined : await readFleet(read, shown)
  return {
    title: 'Overview',
    section: 'Overview',
    summary: summaryOf(policies, open, countTrouble(trouble)),
    body: (
      <div class="columns">
        <div>
          <Part id="needs" title="What needs a person">
            <Needs facts={needs} />
          </Part>
          {steps === undefined ? null : <WalkthroughPart steps={steps} />}
          <Part id="wrong" title="What is wrong now">
            <Trouble facts={trouble} />
          </Part>
          <Part id="runs" title="Under way">
            <Absent answer={trouble.freezes} what="freezes" />
            <Loaded answer={open} what="runs">
              {(runs) => <Runs runs={runs.filter(({ state }) => !isTerminal(state))} none="No run is under way." />}
            </Loaded>
          </Part>
          <LoadedPart id="ended" title="Ended last" answer={trouble.runs} what="runs">
            {(runs) => <Runs runs={runs.filter(({ state }) => isTerminal(state)).slice(0, MAX_ENDED)} none="No run has ended yet." />}
          </LoadedPart>
        </div>
        <div>
          {fleet === undefined ? null : <FleetPart answer={fleet} />}
          <LoadedPart id="policies" title="Policies in force" answer={policies} what="policies" children={inForce} />
        </div>
      </div>
    ),
  }
}

/** Returns the policy whose bots a run changes now, else the policy in force that a run changed last. */
function picturedOf(open: readonly RunView[], newest: readonly RunView[], policies: readonly PolicyView[]): string | undefined {
  const turning = open.find(({ state }) => TURNING.includes(state))?.policies[0]
  const changed = newest.flatMap((run) => run.policies).find(({ id }) => policies.some((policy) => policy.id === id))
  return (turning ?? changed ?? policies[0])?.id
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

function Runs({ runs, none }: { runs: readonly RunView[]; none: string }): JSX.Element {
  if (runs.length === 0) return <None>{none}</None>
  const detailOf = ({ stages }: RunView): string => wordsFirst(stages.findLast(({ startedAt }) => startedAt !== null)?.detail ?? '')
  return (
    <ul class="plain">
      {runs.map((run) => (
        <li key={run.run}>
          <RunLink run={run.run} /> {policyRefs(run.policies)} <StateTag state={run.state} />{' '}
          {run.endedAt === null ? detailOf(run) : <Moment at={run.endedAt} />}
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
