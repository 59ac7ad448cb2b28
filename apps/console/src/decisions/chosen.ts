import { HmsError, parseDuration, type RunDecisionName, type TicketDecision } from '#libs/contracts'
import { isDecision } from './decisions-of-run.js'

export interface Chosen<T> {
  decision: T
  reason: string
  publicReason?: string
  byMs?: number
}

/** What the address says was chosen, or what is missing of it. */
export function chosenIn<T extends RunDecisionName | TicketDecision>(query: URLSearchParams, allowed: readonly T[]): Chosen<T> | string {
  const decision = query.get('decision') ?? ''
  const reason = (query.get('reason') ?? '').trim().slice(0, 1_000)
  if (!isDecision(decision, allowed)) return `It takes ${allowed.join(', ')} as it is now.`
  if (reason === '') return 'A decision needs a reason.'
  const publicReason = (query.get('public-reason') ?? '').trim().slice(0, 1_000)
  const said = { reason, ...(publicReason === '' ? {} : { publicReason }) }
  if (decision !== 'extend') return { decision, ...said }
  try {
    const byMs = parseDuration(query.get('by') ?? '', 'extend by')
    return byMs > 0 ? { decision, ...said, byMs } : 'Extend by more than nothing.'
  } catch (error) {
    if (error instanceof HmsError) return `${error.detail}.`
    throw error
  }
}
