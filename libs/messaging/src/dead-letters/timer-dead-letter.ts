import { action, HmsError } from '#libs/contracts'
import type { EndedTimer, GiveUpTimer, Timer, Timers, Transaction } from '#libs/persistence'
import { describeError } from '#libs/platform'
import type { BusRecord } from '../event-bus.js'
import { poisonRun, type PoisonDependencies } from './poison-run.js'
import { codeOf } from './code-of.js'
import type { DeadLetterBox } from './dead-letter-box.js'
import type { DeadLetter } from './dead-letter.table.js'

/** Prefix in the topic field of a letter that stands for a timer instead of a message. */
const TIMER_TOPIC_PREFIX = 'timer:'
const POLICY_LOCK_PREFIX = 'policy:'

/**
 * Stores a repeatedly failing timer as a dead letter, and settles it or fails the run named in its `data`. `fault`: error of a first call
 * whose transaction failed; then only the letter is stored, and the run ends at its deadline.
 */
export async function deadLetterTimer(
  tx: Transaction,
  timer: Timer,
  { error, fault, settle }: Parameters<GiveUpTimer>[2],
  { letters, poison }: { letters: DeadLetterBox; poison: PoisonDependencies },
): Promise<void> {
  const run = runOfTimer(timer)
  const code = codeOf(error, 'HMS_TIMER_FAILED')
  await letters.store(tx, recordOfTimer(timer), {
    code,
    detail: describeError(error),
    run: run?.run ?? null,
    tries: timer.tries,
    state: 'waiting',
  })
  const detail = `${poison.service} could not continue: its timer ${timer.kind} failed ${timer.tries} times (${code})`
  if (fault !== undefined) return
  if (settle !== undefined) return settle(tx, timer, detail)
  if (run !== undefined) await poisonRun(tx, { ...run, key: keyOf(timer), detail }, poison)
}

export function timerTopic(kind: string): string {
  return `${TIMER_TOPIC_PREFIX}${kind}`
}

export function isTimerLetter({ topic }: Pick<DeadLetter, 'topic'>): boolean {
  return topic.startsWith(TIMER_TOPIC_PREFIX)
}

export function timerOfLetter({ topic, value, group, id }: DeadLetter): EndedTimer {
  const { id: timer, keys, data } = JSON.parse(value ?? '{}') as Partial<Timer>
  if (typeof timer === 'string' && Array.isArray(keys) && data !== undefined)
    return { id: timer, kind: topic.slice(TIMER_TOPIC_PREFIX.length), keys, data }
  const detail = 'The dead letter contains no valid timer; it cannot be replayed, only discarded.'
  throw new HmsError('HMS_DEAD_LETTER_UNVERIFIED', detail, { status: 422, next: [action('dlq.discard', { letter: `${group}/${id}` })] })
}

export type ReplayTimer = Timers['replay']

function recordOfTimer({ id, kind, keys, data, dueAt, leaseEpoch }: Timer): BusRecord {
  return {
    topic: timerTopic(kind),
    position: String(leaseEpoch),
    key: id,
    value: JSON.stringify({ id, keys, data, dueAt: dueAt.toISOString() }),
    headers: {},
  }
}

function runOfTimer({ data }: Timer): { run: number; attempt: number } | undefined {
  const { run, attempt = 1 } = data
  return Number.isInteger(run) && Number.isInteger(attempt) ? { run: run as number, attempt: attempt as number } : undefined
}

/** Returns the key of the run's events, its smallest policy id; derived from the timer's locks unless its data contain a key. */
function keyOf({ keys, data }: Timer): string {
  if (typeof data['key'] === 'string') return data['key']
  const first = [...keys].sort().find((key) => key.startsWith(POLICY_LOCK_PREFIX))
  return first === undefined ? '' : first.slice(POLICY_LOCK_PREFIX.length)
}
