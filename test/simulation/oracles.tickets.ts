import { isTerminal } from '#libs/contracts'
import { projectRun, ticketKindOf, stateOf } from '#libs/pipeline'
import type { Evidence } from './evidence.js'

/**
 * A run that was rolled back has one ticket; a pause leaves no open ticket behind. Partners that were not reached have one ticket for
 * each run, also when it has ended.
 */
export function peopleAreAsked({ runs, tickets: all }: Evidence): string[] {
  const found: string[] = []
  const tickets = all.filter(({ kind }) => kind !== 'UNDELIVERED' && kind !== 'BREAK_GLASS_REVIEW')
  const undelivered = all.filter(({ kind, state }) => kind === 'UNDELIVERED' && state === 'OPEN').map(({ run }) => run)
  for (const run of new Set(undelivered))
    if (undelivered.filter((other) => other === run).length > 1) found.push(`run ${run} asks twice about partners that were not reached`)
  for (const { facts, approval } of runs) {
    const mine = tickets.filter(({ run, attempt }) => run === facts.run && attempt === facts.attempt)
    const question = ticketKindOf({ ...projectRun(facts), digest: approval })
    const asked = mine.filter(({ kind }) => kind === question).length
    if (isTerminal(stateOf(facts)) && question !== undefined && asked !== 1)
      found.push(`run ${facts.run} is ${stateOf(facts)}, and ${asked} tickets ask about it`)
    for (const { ticket, kind, state } of mine)
      if (isTerminal(stateOf(facts)) && state === 'OPEN' && kind !== question)
        found.push(`ticket ${ticket} (${kind}) is open, and run ${facts.run} is ${stateOf(facts)}`)
  }
  const open = tickets.filter(({ state }) => state === 'OPEN').map(({ run }) => run)
  for (const run of new Set(open)) if (open.filter((other) => other === run).length > 1) found.push(`run ${run} has two open tickets`)
  return found
}
