import { policyRefs, TICKET_STATES, type Ticket, type TicketState } from '#libs/contracts'
import type { JSX } from 'preact'
import { FilteredAway, LoadedPart, None } from '../layout/absent.js'
import { ChoiceFilter, FilterForm } from '../layout/filters.js'
import type { PageContent, PageRequest } from '../layout/page.js'
import { count, Moment, RunLink, Table, Terminal, timeLeft } from '../layout/parts.js'
import { reasonText, Tag } from '../layout/state-words.js'
import { mapAnswer, valueOf } from '../reading/answer.js'

export const TICKET_WORDS: Record<TicketState, { text: string; tone: 'warn' | 'good' | 'idle' | 'bad' }> = {
  OPEN: { text: 'Waits for a decision', tone: 'warn' },
  DECIDED: { text: 'Decided', tone: 'good' },
  EXPIRED: { text: 'No decision in time', tone: 'bad' },
  MOOT: { text: 'No longer asked', tone: 'idle' },
}

/** Page of tickets, which people decide after automation acted. The open ticket whose time ends first is on top. */
export async function reviewsPage({ read, query, now }: PageRequest): Promise<PageContent> {
  const state = TICKET_STATES.find((each) => each === query.get('state'))
  const [waiting, listed] = await Promise.all([
    read<Ticket[]>('/v1/tickets?state=OPEN'),
    read<Ticket[]>(`/v1/tickets${state === undefined ? '' : `?state=${state}`}`),
  ])
  const open = valueOf(waiting)
  // An open ticket may be older than the newest 100 of any state.
  const answer = state !== undefined ? listed : open === undefined ? waiting : mapAnswer(listed, (newest) => merge(newest, open))
  return {
    title: 'Reviews',
    section: 'Reviews',
    summary:
      open === undefined
        ? 'Tickets cannot be shown now.'
        : `${count(open.length, 'ticket')} ${open.length === 1 ? 'waits' : 'wait'} for a decision.`,
    body: (
      <>
        <FilterForm action="/reviews">
          <ChoiceFilter name="state" label="State" any="Any state" choices={TICKET_STATES} words={TICKET_WORDS} chosen={state} />
        </FilterForm>
        <LoadedPart
          id="tickets"
          title={state === undefined ? 'Tickets: the open ones, and the newest 100' : 'Tickets that match'}
          answer={answer}
          what="tickets"
        >
          {(tickets) => <Tickets tickets={tickets} narrowed={state !== undefined} now={now} />}
        </LoadedPart>
        <Terminal commands={['hms-svc tickets list', 'hms-svc tickets show N']} />
      </>
    ),
  }
}

function Tickets({ tickets, narrowed, now }: { tickets: readonly Ticket[]; narrowed: boolean; now: Date }): JSX.Element {
  if (tickets.length === 0) return narrowed ? <FilteredAway what="tickets" href="/reviews" /> : <None>There are no tickets.</None>
  const urgent = tickets.toSorted((a, b) => rank(a) - rank(b) || a.expiresAt.localeCompare(b.expiresAt))
  return (
    <Table
      caption="Tickets"
      head={['Ticket', 'State', 'Run', 'Policies', 'Why', 'Time left']}
      rows={urgent.map(({ ticket, state, run, policies, reason, expiresAt }) => [
        <a href={`/reviews/${ticket}`}>Ticket {ticket}</a>,
        <Tag {...TICKET_WORDS[state]} />,
        <RunLink run={run} />,
        policyRefs(policies),
        reasonText(reason),
        [state === 'OPEN' ? `${timeLeft(expiresAt, now)}, until ` : '', <Moment at={expiresAt} />],
      ])}
    />
  )
}

function merge(newest: readonly Ticket[], open: readonly Ticket[]): Ticket[] {
  return [...new Map([...newest, ...open].map((each) => [each.ticket, each])).values()]
}

function rank({ state }: Ticket): number {
  return state === 'OPEN' ? 0 : 1
}
