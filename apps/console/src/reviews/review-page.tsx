import { policyRefs, explain, LADDER, notifiedSteps, type DeliveryView, type RunView, type Ticket } from '#libs/contracts'
import type { JSX } from 'preact'
import { DecideForm } from '../decisions/decide-form.js'
import { absentPage, Alert, None } from '../layout/absent.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { Commands, Facts, Moment, Part, PolicyLinks, RunLink, timeLeft } from '../layout/parts.js'
import { StateTag, Tag, wordsFirst } from '../layout/state-words.js'
import { valueOf, type Answer } from '../reading/answer.js'
import { Evidence, readEvidence } from '../runs/evidence.js'
import { TICKET_WORDS } from './reviews-page.js'

/** Page of one ticket: what happened, how much time is left, the evidence, and the form that decides it. */
export async function reviewPage(request: PageRequest): Promise<PageContent> {
  const { read, params, now } = request
  const number = params['ticket'] ?? ''
  const answer: Answer<Ticket> = /^\d{1,9}$/.test(number)
    ? await read<Ticket>(`/v1/tickets/${number}`)
    : { kind: 'missing', detail: 'Tickets have numbers.' }
  if (answer.kind !== 'loaded')
    return absentPage({ ...placeIn('Reviews', `Ticket ${number.slice(0, 40)}`), summary: 'It cannot be shown.' }, answer, 'ticket')
  const ticket = answer.value
  const [run, deliveries] = await Promise.all([
    read<RunView>(`/v1/runs/${ticket.run}`),
    read<DeliveryView[]>(`/v1/deliveries?policy=${encodeURIComponent(`ticket:${ticket.ticket}`)}`),
  ])
  const evidence = run.kind === 'loaded' ? await readEvidence(read, run.value) : undefined
  return {
    ...placeIn('Reviews', `Ticket ${ticket.ticket} · ${TICKET_WORDS[ticket.state].text}`),
    state: ticket.state,
    heading: `Ticket ${ticket.ticket}: ${policyRefs(ticket.policies)}`,
    summary: ticket.state === 'OPEN' ? waitText(ticket, now) : `${TICKET_WORDS[ticket.state].text}.`,
    body: (
      <div class="columns">
        <div>
          <Part id="question" title="What happened">
            <Question ticket={ticket} run={valueOf(run)} />
          </Part>
          <Part id="clock" title="The clock">
            <Clock ticket={ticket} deliveries={valueOf(deliveries)} />
          </Part>
        </div>
        {run.kind === 'loaded' && evidence !== undefined ? (
          <Part id="evidence" title="Evidence">
            <Evidence run={run.value} evidence={evidence} />
          </Part>
        ) : null}
        <div>
          <Part id="decide" title="Decide">
            {ticket.state === 'OPEN' ? (
              <>
                <DecideForm action={`/reviews/${ticket.ticket}/decide`} allowed={ticket.allowed} />
                <Commands commands={[`hms-svc tickets decide ${ticket.ticket} --decision D --reason TEXT --sign NAME`]} />
              </>
            ) : (
              <None>There is nothing to decide any more: {TICKET_WORDS[ticket.state].text.toLowerCase()}.</None>
            )}
          </Part>
        </div>
      </div>
    ),
  }
}

/** Says how long an open ticket still waits. A review of break-glass stays open when its time is over. */
function waitText({ expiresAt, kind }: Ticket, now: Date): string {
  if (Date.parse(expiresAt) > now.getTime()) return `It waits for a decision, for ${timeLeft(expiresAt, now)} more.`
  return kind === 'BREAK_GLASS_REVIEW' ? 'It waits for a decision, and is overdue.' : 'It has expired and is being closed.'
}

function Question({ ticket, run }: { ticket: Ticket; run: RunView | undefined }): JSX.Element {
  const { state, kind, reason, detail, policies, decided } = ticket
  return (
    <>
      <p>
        <Tag {...TICKET_WORDS[state]} /> {WORDS[kind]}
      </p>
      <Facts
        facts={[
          ['Why', wordsFirst(explain(reason, detail))],
          ['Run', [<RunLink run={ticket.run} />, `, attempt ${ticket.attempt} `, run && <StateTag state={run.state} />]],
          ['Policies', <PolicyLinks policies={policies} />],
        ]}
      />
      {decided === null ? null : (
        <Alert kind="success" title={`${decided.by} decided: ${decided.decision}`}>
          <p>
            “{decided.reason}”, <Moment at={decided.at} />
          </p>
        </Alert>
      )}
    </>
  )
}

const WORDS: Record<Ticket['kind'], string> = {
  EMERGENCY_REVIEW: 'Automation took the rule back. People say whether that stands.',
  INCONCLUSIVE: 'The run has too little evidence to continue automatically, so it waits.',
  ACK_TIMEOUT: 'Connected bots did not acknowledge the rule, so the run waits.',
  UNDELIVERED: 'No channel of a partner took the message. That does not change the run; a person has to notify the partner.',
  BREAK_GLASS_REVIEW:
    'Several people sent the rule past simulation and canary. A person who did not sign it decides whether that was right.',
  POISONED: 'The run ended, because one of its messages or timers could not be handled.',
}

/** Consequence of a ticket that is not answered in time. */
const UNANSWERED: Record<Ticket['kind'], string> = {
  EMERGENCY_REVIEW: 'what was rolled back stays so.',
  INCONCLUSIVE: 'the run is then aborted.',
  ACK_TIMEOUT: 'the run is then aborted.',
  UNDELIVERED: 'the ticket is then closed, and nothing changes about the run.',
  BREAK_GLASS_REVIEW: 'those who signed then approve nothing until another person closes it.',
  POISONED: 'the ticket is then closed, and the run stays ended.',
}

function Clock({ ticket, deliveries }: { ticket: Ticket; deliveries: DeliveryView[] | undefined }): JSX.Element {
  const { kind, openedAt, expiresAt, state, closedAt } = ticket
  const notified = notifiedSteps(ticket, deliveries)
  return (
    <Facts
      facts={[
        ['Opened', <Moment at={openedAt} />],
        ...LADDER.map((step) => {
          const known = notified.find(({ to }) => to === step)
          const none = state === 'OPEN' ? 'not yet' : 'no'
          return [`Notified ${step}`, known === undefined ? none : [<Moment at={known.at} />, `: ${known.partners}`]] as const
        }),
        state === 'OPEN'
          ? [
              kind === 'BREAK_GLASS_REVIEW' ? 'Overdue without an answer' : 'Ends without an answer',
              [<Moment at={expiresAt} />, `: ${UNANSWERED[kind]}`],
            ]
          : ['Closed', <Moment at={closedAt} />],
      ]}
    />
  )
}
