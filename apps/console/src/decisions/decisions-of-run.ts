import { decisionsOfPaused, HmsError, isTerminal, parseDuration, type RunDecisionName, type RunView } from '#libs/contracts'
import { textIn } from '../forms/query.js'

export const DECISION_WORDS: Record<RunDecisionName | 'accept', { text: string; hint: string }> = {
  pause: {
    text: 'Pause',
    hint: 'Nothing more is published until a person decides again. Bots keep what they have, and alarms still roll it back.',
  },
  resume: { text: 'Resume', hint: 'It counts its bots again; a canary restarts its observation.' },
  promote: { text: 'Promote', hint: 'It continues without the missing evidence, or without the rest of its observation or bake.' },
  extend: { text: 'Extend', hint: 'It is observed for longer; 7 days at most.' },
  retry: { text: 'Retry', hint: 'It restarts from lint; no measurement is carried over.' },
  abort: { text: 'Abort', hint: 'It ends, and the version before stays or is reinstated.' },
  accept: { text: 'Accept', hint: 'What automation did stands, and the ticket is closed.' },
}

const PUBLISHED_STATES = new Set(['CANARY', 'ROLLING_OUT', 'BAKING'])

/** Returns the decisions that a run in its present state permits. The stage that owns the run may still refuse one. */
export function decisionsOfRun(run: RunView): readonly RunDecisionName[] {
  const { state } = run
  if (isTerminal(state) || state === 'NOTIFYING' || state === 'ROLLING_BACK') return []
  if (state === 'PAUSED') return decisionsOfPaused(run)
  if (!PUBLISHED_STATES.has(state)) return ['abort']
  if (state === 'ROLLING_OUT') return ['pause', 'abort']
  return run.breakGlass === undefined || state === 'CANARY' ? ['pause', 'promote', 'extend', 'abort'] : ['pause', 'extend', 'abort']
}

/** Policies that a run brought live for all and that nothing has replaced since. */
export function stillLive({ state, policies, replaced = [] }: RunView): string[] {
  if (state !== 'NOTIFYING' && state !== 'SUCCEEDED') return []
  return policies.map(({ id }) => id).filter((id) => !replaced.some((policy) => policy.id === id))
}

/** Why a run takes no decision; `undefined` while it takes any. */
export function whyNoDecision(view: RunView): string | undefined {
  const { run, state } = view
  const live = stillLive(view).join(', ')
  const back = `To reinstate the version before, take ${live} back.`
  if (live !== '') return `The rule is live for all, so nothing of run ${run} can be decided any more. ${back}`
  if (state === 'ROLLING_BACK') return `Run ${run} is being rolled back already.`
  return isTerminal(state) ? `Run ${run} has ended, so there is nothing to decide.` : undefined
}

export interface Chosen<T> {
  decision: T
  reason: string
  publicReason?: string
  byMs?: number
}

/** Returns the decision that the address names, or a text that says what is missing or wrong. */
export function chosenIn<T extends string>(query: URLSearchParams, allowed: readonly T[]): Chosen<T> | string {
  const decision = allowed.find((each) => each === query.get('decision'))
  const reason = textIn(query, 'reason', 1_000)
  if (decision === undefined) return `It takes ${allowed.join(', ')} in its present state.`
  if (reason === '') return 'A decision needs a reason.'
  const publicReason = textIn(query, 'public-reason', 1_000)
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
