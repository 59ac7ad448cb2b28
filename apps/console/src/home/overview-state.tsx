import { isTerminal, STOP_THE_LINE, type ApprovalSummary, type FreezeView, type RunView, type Ticket } from '#libs/contracts'
import type { JSX } from 'preact'
import type { Header } from '../layout/layout.js'
import type { PageRequest } from '../layout/page.js'
import { count, Moment, RunLink } from '../layout/parts.js'
import { isUnread, mapAnswer, valueOf } from '../reading/answer.js'
import { readHealth } from '../status/read-health.js'
import { readLetters } from '../topics/read-topics.js'
import { countNeeds, neededRuns, type NeedsFacts } from './needs.js'
import { badlyEnded, countTrouble, troubledRuns, type TroubleFacts } from './trouble.js'

/** Facts that Overview lists, and that the header of every page counts. */
export interface OverviewFacts {
  needs: NeedsFacts
  trouble: TroubleFacts
}

/** State of the installation, as the header shows it. `seen`: all is well, but the page may not read the dead letters. */
interface OverviewState {
  state: 'well' | 'seen' | 'needs' | 'stopped' | 'unknown'
  /** Things that need a person. */
  things: number
  /** Active freezes, the stop switch first. */
  freezes: FreezeView[]
  /** Runs by break-glass that have not ended. */
  breakGlass: RunView[]
}

export async function readFacts({ read, health }: Pick<PageRequest, 'read' | 'health'>): Promise<OverviewFacts> {
  const lately = read<RunView[]>('/v1/runs')
  const [open, approvals, tickets, newest, freezes, runs, partners, letters, services] = await Promise.all([
    read<RunView[]>('/v1/runs?open=yes'),
    read<ApprovalSummary[]>('/v1/approvals?state=open'),
    read<Ticket[]>('/v1/tickets?state=OPEN'),
    // Only a ticket of a run that ended badly changes what is shown.
    lately.then((list) => (badlyEnded(valueOf(list) ?? [], []).length > 0 ? read<Ticket[]>('/v1/tickets') : mapAnswer(list, () => []))),
    read<FreezeView[]>('/v1/freezes'),
    lately,
    read<{ groups: string[] }[]>('/v1/partners'),
    readLetters(read),
    readHealth(health),
  ])
  const inState = (wanted: ApprovalSummary['state']) => mapAnswer(approvals, (list) => list.filter(({ state }) => state === wanted))
  const needs = { open, approvals: inState('AWAITING_APPROVAL'), proposed: inState('PREPARED'), tickets }
  return { needs, trouble: { services, letters, runs, open, freezes, tickets, newest, partners } }
}

function stateOf({ needs, trouble }: OverviewFacts): OverviewState {
  const freezes = (valueOf(trouble.freezes) ?? [])
    .filter(({ state }) => state === 'ACTIVE')
    .toSorted((a, b) => Number(isStop(b)) - Number(isStop(a)))
  const breakGlass = (valueOf(needs.open) ?? []).filter((run) => run.breakGlass !== undefined && !isTerminal(run.state))
  const needed = neededRuns(needs)
  const things = countNeeds(needs) + countTrouble(trouble) - troubledRuns(trouble).filter((run) => needed.has(run)).length
  const denied = trouble.letters.filter(({ kind }) => kind === 'denied')
  const away = trouble.letters.filter((answer) => isUnread(answer) && answer.kind !== 'denied')
  const unread = [trouble.freezes, trouble.newest, needs.open, needs.approvals, needs.tickets, ...away].some(isUnread)
  const calm = unread ? 'unknown' : denied.length > 0 ? 'seen' : 'well'
  return { state: freezes.some(isStop) ? 'stopped' : things > 0 ? 'needs' : calm, things, freezes, breakGlass }
}

function isStop({ id }: FreezeView): boolean {
  return id === STOP_THE_LINE
}

export async function readHeader(request: Pick<PageRequest, 'read' | 'health'>): Promise<Header> {
  const overview = stateOf(await readFacts(request))
  return { state: <StateLine overview={overview} />, holds: <Holds overview={overview} /> }
}

const STATES = { well: 'good', seen: 'good', needs: 'warn', stopped: 'bad', unknown: 'idle' } as const

function StateLine({ overview: { state, things } }: { overview: OverviewState }): JSX.Element {
  const texts = {
    well: '✓ All well',
    seen: '✓ All that is visible is well',
    needs: `! ${count(things, 'thing')} ${things === 1 ? 'needs' : 'need'} a person`,
    stopped: '✗ Stopped',
    unknown: '○ State not known',
  }
  return (
    <p id="system-state" data-live class="system-state">
      <a href="/">
        <span class={`usa-tag tag--${STATES[state]}`}>{texts[state]}</span>
      </a>
    </p>
  )
}

function Holds({ overview: { freezes, breakGlass } }: { overview: OverviewState }): JSX.Element {
  return (
    <div id="holds" data-live>
      {freezes.map((freeze) => (
        <p key={freeze.id} class={`hold ${isStop(freeze) ? 'hold--stop' : ''}`}>
          <strong>{isStop(freeze) ? 'Stopped' : 'Frozen'}</strong>: no new rule is published{' '}
          {freeze.scope === 'global' ? 'anywhere' : `in ${freeze.scope}`}, by {freeze.by}: {freeze.reason}.{' '}
          {freeze.next === null ? null : (
            <>
              Until <Moment at={freeze.next} />.{' '}
            </>
          )}
          <a href="/freezes">{freeze.id}</a>
        </p>
      ))}
      {breakGlass.map(({ run, breakGlass: order }) => (
        <p key={run} class="hold hold--stop">
          <strong>Break-glass</strong>: <RunLink run={run} /> skips simulation and canary, by {order!.by.join(' and ')}: {order!.reason}.
        </p>
      ))}
    </div>
  )
}
