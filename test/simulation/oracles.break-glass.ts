import { openDossier, type EventData, type Ticket } from '#libs/contracts'
import { breakGlassOf } from '#libs/signing'
import type { Evidence } from './evidence.js'

/** What break-glass skips; of all else it skips nothing. */
const SKIPPED = /^hms\.(simulation|canary)\./

/**
 * Every run that goes by break-glass has one review, which names all who signed it, two at least, and says in the run what it is; no stage
 * that it skips says anything of it, and lint let it through before rollout began.
 */
export function breakGlassIsReviewed({ emitted, runs, tickets }: Evidence): string[] {
  const found: string[] = []
  const sent = new Set(
    emitted.flatMap(({ type, data }) => {
      if (type !== 'hms.approval.approved.v1') return []
      const { run, releases } = openDossier((data as unknown as EventData['hms.approval.approved.v1']).dossier)
      return releases.some((release) => breakGlassOf(release) !== undefined) ? [run] : []
    }),
  )
  for (const { facts } of runs) {
    const { run, breakGlass } = facts
    if (breakGlass === undefined && !sent.has(run)) continue
    const mine = tickets.filter((ticket) => ticket.run === run && ticket.kind === 'BREAK_GLASS_REVIEW')
    if (breakGlass === undefined) found.push(`run ${run} was sent past the stages, and does not say so`)
    else if (mine.length !== 1) found.push(`run ${run} is break-glass, and has ${mine.length} reviews`)
    else found.push(...wrongIn(run, breakGlass, mine[0]!))
    const events = emitted.filter(({ runId }) => runId === String(run)).map(({ type }) => type)
    const skipped = events.find((type) => SKIPPED.test(type))
    if (skipped !== undefined) found.push(`run ${run} is break-glass, and has ${skipped}`)
    if (events.includes('hms.rollout.started.v1') && !events.includes('hms.lint.passed.v1'))
      found.push(`run ${run} went to all, and lint did not let it through`)
  }
  return found
}

function wrongIn(run: number, { by, review }: NonNullable<Evidence['runs'][number]['facts']['breakGlass']>, ticket: Ticket): string[] {
  const found: string[] = []
  const actors = new Set(ticket.actors)
  if (actors.size < 2 || by.some((name) => !actors.has(name)))
    found.push(`the review of run ${run} names ${[...actors].join(', ') || 'nobody'}`)
  if (review.ticket !== ticket.ticket) found.push(`run ${run} names review ${review.ticket}, and ${ticket.ticket} is its review`)
  const state = ticket.state === 'OPEN' ? (ticket.overdueAt === undefined ? 'OPEN' : 'OVERDUE') : 'CLOSED'
  if (review.state !== state) found.push(`run ${run} says that its review is ${review.state}, and it is ${state}`)
  if (actors.has(ticket.decided?.by ?? '')) found.push(`${ticket.decided!.by} signed run ${run} and closed its review`)
  return found
}
