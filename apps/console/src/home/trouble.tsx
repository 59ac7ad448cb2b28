import { policyRefs, isTerminal, STOP_THE_LINE, type DeadLetterSummary, type FreezeView, type RunView, type Ticket } from '#libs/contracts'
import type { JSX } from 'preact'
import { Absent, None } from '../layout/absent.js'
import { RunLink } from '../layout/parts.js'
import { reasonText, StateTag, Tag } from '../layout/state-words.js'
import { valueOf, type Answer } from '../reading/answer.js'
import { letterCount } from '../topics/read-topics.js'
import type { ServiceHealth } from '../status/read-health.js'

export interface TroubleFacts {
  services: ServiceHealth[]
  letters: Answer<DeadLetterSummary[]>[]
  /** The newest runs. */
  runs: Answer<RunView[]>
  /** Runs that have not ended. */
  open: Answer<RunView[]>
  freezes: Answer<FreezeView[]>
  /** The newest tickets in any state; empty if no run ended badly. */
  newest: Answer<Ticket[]>
  /** Open tickets, and partners by their groups, which say who is notified of a ticket. */
  tickets: Answer<Ticket[]>
  partners: Answer<{ groups: string[] }[]>
}

/** Returns the runs, the newest first, that ended badly as the newest ended one of a policy, and whose ticket is not closed. */
export function badlyEnded(runs: readonly RunView[], tickets: readonly Ticket[]): RunView[] {
  const seen = new Set<string>()
  const closed = tickets.filter(({ kind, state }) => state !== 'OPEN' && (kind === 'EMERGENCY_REVIEW' || kind === 'POISONED'))
  return runs.filter((run) => {
    if (!isTerminal(run.state)) return false
    const fresh = run.policies.filter(({ id }) => !seen.has(id))
    for (const { id } of fresh) seen.add(id)
    if (fresh.length === 0 || (run.state !== 'FAILED' && run.state !== 'ROLLED_BACK')) return false
    return !closed.some((ticket) => ticket.run === run.run && ticket.attempt === run.attempt)
  })
}

const NO_ONE_ON_CALL = 'Tickets wait, and no partner is in the group on-call: no one was notified at once.'

/** Things that a person has to see to, in a sentence each: the stop switch, late runs, tickets that notify no one. */
function standstills({ open, freezes, tickets, partners }: TroubleFacts): { key: string; text: string; href: string; name: string }[] {
  const stop = valueOf(freezes)?.find(({ id, state }) => id === STOP_THE_LINE && state === 'ACTIVE')
  const waiting = valueOf(tickets)?.length ?? 0
  const onCall = valueOf(partners)?.some(({ groups }) => groups.includes('on-call'))
  return [
    ...(stop === undefined
      ? []
      : [{ key: 'stop', href: '/freezes', name: 'Stopped', text: `The stop switch is on, by ${stop.by}: ${stop.reason}.` }]),
    ...lateOf(open).map(({ run }) => ({
      key: `late-${run}`,
      href: `/runs/${run}`,
      name: `Run ${run}`,
      text: 'It is not in force within its promise.',
    })),
    ...(waiting > 0 && onCall === false ? [{ key: 'on-call', href: '/partners', name: 'On call', text: NO_ONE_ON_CALL }] : []),
  ]
}

function lateOf(open: TroubleFacts['open']): RunView[] {
  return (valueOf(open) ?? []).filter(({ late }) => late === true)
}

/** Returns the runs that are late or ended badly; a ticket, a pause or an approval may ask about them as well. */
export function troubledRuns(facts: TroubleFacts): number[] {
  return [...lateOf(facts.open), ...wrongIn(facts).failed].map(({ run }) => run)
}

function wrongIn(facts: TroubleFacts) {
  const { services, letters, runs, newest } = facts
  return {
    still: standstills(facts),
    unwell: services.filter(({ state }) => state !== 'up'),
    given: letters.flatMap((answer) => valueOf(answer) ?? []),
    failed: badlyEnded(valueOf(runs) ?? [], valueOf(newest) ?? []),
  }
}

/** Counts what is wrong now; all dead letters count as one. */
export function countTrouble(facts: TroubleFacts): number {
  const { still, unwell, given, failed } = wrongIn(facts)
  return still.length + unwell.length + Math.min(1, given.length) + failed.length
}

export function Trouble({ facts }: { facts: TroubleFacts }): JSX.Element {
  const { still, unwell, given, failed } = wrongIn(facts)
  const lettersHref = given.length === 1 ? `/dead-letters/${given[0]!.id}` : '/topics#letters'
  const denied = facts.letters.find(({ kind }) => kind === 'denied')
  return (
    <>
      {countTrouble(facts) > 0 ? (
        <ul>
          {still.map(({ key, href, name, text }) => (
            <li key={key}>
              <Tag text={name} tone="bad" /> <a href={href}>{text}</a>
            </li>
          ))}
          {unwell.map(({ service, state, concerns }) => (
            <li key={service}>
              {state === 'down' ? <Tag text="Down" tone="bad" /> : <Tag text="Degraded" tone="warn" />} <a href="/status">{service}</a>{' '}
              {concerns.join('; ')}
            </li>
          ))}
          {given.length === 0 ? null : (
            <li>
              <Tag text="Given up" tone="bad" /> <a href={lettersHref}>{letterCount(facts.letters, given.length, 'message')}</a> could not
              be handled.
            </li>
          )}
          {failed.map((run) => (
            <li key={run.run}>
              <StateTag state={run.state} /> <RunLink run={run.run} /> {policyRefs(run.policies)}
              {run.reason === undefined ? '' : ` (${reasonText(run.reason)})`}
            </li>
          ))}
        </ul>
      ) : (
        <None>Nothing that can be seen from here.</None>
      )}
      {denied === undefined ? null : <Absent answer={denied} what="dead letters" />}
    </>
  )
}
