import { topicsConsumedBy } from '#libs/contracts'
import { pause, systemClock } from '#libs/platform'
import type { History } from './history.js'
import type { Observer } from './observer.js'

const LOOK_EVERY_MS = 500
const MOST_LAGGARDS = 10

/** Ages in seconds of the oldest unsent event and of the oldest due timer that no instance has claimed. */
interface Backlog {
  unsentSeconds: number
  dueSeconds: number
  open: number
  pending: number
  behind: number
}

async function backlog(observer: Observer): Promise<Backlog> {
  const unsent = await observer.everywhere<{ age: number | null }>(
    'SELECT extract(epoch FROM clock_timestamp() - min(occurred_at))::float8 AS age FROM $schema.outbox WHERE sent_at IS NULL',
  )
  const due = await observer.everywhere<{ age: number | null }>(
    'SELECT extract(epoch FROM clock_timestamp() - min(greatest(due_at, lease_until)))::float8 AS age FROM $schema.timer',
  )
  const pending = await observer.count(`SELECT 1 FROM notifier.delivery WHERE state = 'pending'`)
  const open = await observer.count(`SELECT 1 FROM approver.run WHERE open = 'yes'`)
  return { unsentSeconds: oldest(unsent), dueSeconds: oldest(due), open, pending, behind: await behind(observer) }
}

/** Audit follows everything and is the last to have it all; what it took in has its place in the log a moment later. */
async function behind(observer: Observer): Promise<number> {
  const topics = topicsConsumedBy('audit')
    .map(({ name }) => `'${name}'`)
    .join(', ')
  const [handled] = await observer.rows<{ n: string }>('SELECT coalesce(sum(last_key_seq), 0) AS n FROM audit.stream_position')
  const heads = await observer.everywhere<{ n: string }>(
    `SELECT coalesce(sum(key_seq), 0) AS n FROM $schema.stream_head WHERE topic IN (${topics})`,
  )
  const waiting = await observer.count('SELECT 1 FROM audit.arrival')
  return heads.reduce((sum, { n }) => sum + Number(n), 0) - Number(handled!.n) + waiting
}

/** Which streams audit is behind in, and what of them came too early: one that never came holds up all after it. */
async function laggards(observer: Observer): Promise<string[]> {
  const topics = topicsConsumedBy('audit')
    .map(({ name }) => `'${name}'`)
    .join(', ')
  const heads = await observer.everywhere<{ producer: string; topic: string; msg_key: string; key_seq: string }>(
    `SELECT '$service' AS producer, topic, msg_key, key_seq FROM $schema.stream_head WHERE topic IN (${topics})`,
  )
  const positions = await observer.rows<{ producer: string; topic: string; msg_key: string; last_key_seq: string; parked: string | null }>(
    `SELECT producer, topic, msg_key, last_key_seq, (SELECT string_agg(key_seq::text, ' ' ORDER BY key_seq) FROM audit.parked_event AS early
       WHERE early.producer = at.producer AND early.topic = at.topic AND early.msg_key = at.msg_key) AS parked FROM audit.stream_position AS at`,
  )
  const nameOf = (stream: { producer: string; topic: string; msg_key: string }): string =>
    `${stream.producer} ${stream.topic} ${stream.msg_key}`
  const at = new Map(positions.map((position) => [nameOf(position), position]))
  return heads
    .map((head) => ({ head, position: at.get(nameOf(head)) }))
    .filter(({ head, position }) => Number(head.key_seq) > Number(position?.last_key_seq ?? 0))
    .slice(0, MOST_LAGGARDS)
    .map(
      ({ head, position }) =>
        `audit is at ${position?.last_key_seq ?? 0} of ${head.key_seq} in ${nameOf(head)}, parked: ${position?.parked ?? 'none'}`,
    )
}

function oldest(ages: { age: number | null }[]): number {
  return Math.max(0, ...ages.map(({ age }) => age ?? 0))
}

export interface Healing {
  /** Until no event and no timer had waited for 5 s or longer. */
  freshMs: number
  /** Until every run and every delivery had ended, every event was sent, and audit had it all. */
  drainedMs: number
  /** What still waited when the time was over: nothing, or the oracles will have more to say. */
  stuck: string[]
}

const FRESH_SECONDS = 5

/** Watches a system after its last fault. */
export async function watchHealing(observer: Observer, history: History, limitMs: number): Promise<Healing> {
  const startedAt = Date.now()
  let freshMs: number | undefined
  for (;;) {
    const now = await backlog(observer)
    const ms = Date.now() - startedAt
    history.add('healing', { ...now })
    if (now.unsentSeconds < FRESH_SECONDS && now.dueSeconds < FRESH_SECONDS) freshMs ??= ms
    else freshMs = undefined
    if (freshMs !== undefined && now.open === 0 && now.pending === 0 && now.unsentSeconds === 0 && now.behind === 0)
      return { freshMs, drainedMs: ms, stuck: [] }
    if (ms > limitMs) {
      const stuck = Object.entries(now)
        .filter(([, left]) => left > 0)
        .map(([what, left]) => `${what} ${left}`)
      return { freshMs: freshMs ?? ms, drainedMs: ms, stuck: [...stuck, ...(now.behind === 0 ? [] : await laggards(observer))] }
    }
    await pause(systemClock, LOOK_EVERY_MS)
  }
}
