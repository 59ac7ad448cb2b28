import { policyRefs, type ApprovalSummary, type RunView, type Ticket } from '#libs/contracts'
import type { JSX } from 'preact'
import { Loaded, None } from '../layout/absent.js'
import { count, Moment, RunLink } from '../layout/parts.js'
import { reasonText } from '../layout/state-words.js'
import { mapAnswer, valueOf, type Answer } from '../reading/answer.js'

export interface NeedsFacts {
  /** Runs that have not ended. */
  open: Answer<RunView[]>
  /** With missing signatures. */
  approvals: Answer<ApprovalSummary[]>
  /** Without any signature: anybody may propose, so these are not counted. */
  proposed: Answer<ApprovalSummary[]>
  tickets: Answer<Ticket[]>
}

/** Paused runs, and tickets of other runs: the ticket of a paused run asks the same question. */
function pausesAndReviews({ open, tickets }: NeedsFacts) {
  const paused = mapAnswer(open, (runs) => runs.filter(({ state }) => state === 'PAUSED'))
  const asked = new Set((valueOf(paused) ?? []).map(({ run }) => run))
  return { paused, reviews: mapAnswer(tickets, (list) => list.filter(({ run }) => !asked.has(run))) }
}

/** Counts the signatures, pauses and reviews that wait for a person, as far as they were loaded. */
export function countNeeds(facts: NeedsFacts): number {
  const { paused, reviews } = pausesAndReviews(facts)
  return [facts.approvals, paused, reviews].reduce((sum, answer) => sum + (valueOf<readonly unknown[]>(answer)?.length ?? 0), 0)
}

/** Returns the runs that a counted signature, pause or review is about. */
export function neededRuns(facts: NeedsFacts): Set<number | null> {
  const { paused, reviews } = pausesAndReviews(facts)
  return new Set(
    [facts.approvals, paused, reviews].flatMap((answer) => valueOf<{ run: number | null }[]>(answer)?.map(({ run }) => run) ?? []),
  )
}

export function Needs({ facts }: { facts: NeedsFacts }): JSX.Element {
  const { approvals } = facts
  const { paused, reviews } = pausesAndReviews(facts)
  const proposals = valueOf(facts.proposed)?.length ?? 0
  return (
    <>
      {[approvals, paused, reviews].every((answer) => valueOf<readonly unknown[]>(answer)?.length === 0) ? (
        <None>Nothing waits for a signature or a decision.</None>
      ) : null}
      {proposals === 0 ? null : (
        <p class="quiet">
          <a href="/approvals#proposed-title">{count(proposals, 'proposal')}</a> {proposals === 1 ? 'has' : 'have'} no signature yet.
        </p>
      )}
      <Loaded answer={approvals} what="approvals" children={waiting} />
      <Loaded answer={paused} what="runs" children={pauses} />
      <Loaded answer={reviews} what="tickets" children={questions} />
    </>
  )
}

function pauses(runs: readonly RunView[]): JSX.Element | null {
  return listOf(runs, (run) => (
    <li key={run.run}>
      <RunLink run={run.run} /> is paused ({reasonText(run.reason ?? 'no reason given')}):{' '}
      <a href={`/runs/${run.run}#decide`}>decide whether it continues</a>.
    </li>
  ))
}

function questions(tickets: readonly Ticket[]): JSX.Element | null {
  return listOf(tickets, ({ ticket, run, policies, reason, expiresAt }) => (
    <li key={ticket}>
      <a href={`/reviews/${ticket}`}>Ticket {ticket}</a> asks about <RunLink run={run} /> {policyRefs(policies)}
      {` (${reasonText(reason)}), until `}
      <Moment at={expiresAt} />.
    </li>
  ))
}

function waiting(approvals: readonly ApprovalSummary[]): JSX.Element | null {
  return listOf(approvals, ({ digest, run, policies, signedBy, missing, expiresAt }) => (
    <li key={digest}>
      <RunLink run={run} />: <a href={`/approvals/${encodeURIComponent(digest)}`}>sign {policyRefs(policies)}</a>. Missing:{' '}
      {missing.join(', ')}; signed by {signedBy.join(', ')}. Until <Moment at={expiresAt} />.
    </li>
  ))
}

function listOf<T>(rows: readonly T[], itemOf: (row: T) => JSX.Element): JSX.Element | null {
  return rows.length === 0 ? null : <ul>{rows.map(itemOf)}</ul>
}
