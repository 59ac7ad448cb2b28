import { topicsConsumedBy } from '#libs/contracts'
import { pause, systemClock } from '#libs/platform'
import type { History } from './history.js'
import type { Observer } from './observer.js'

const LOOK_EVERY_MS = 500

/** Ages in seconds of what waits longest: an event for its relay, a timer for somebody to fire it who has not claimed it yet. */
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
  const due = await observer.everywhere<{ age: number | null }>('SELECT extract(epoch FROM clock_timestamp() - min(greatest(due_at, lease_until)))::float8 AS age FROM $schema.timer')
  const pending = await observer.count(`SELECT 1 FROM notifier.delivery WHERE state = 'pending'`)
  const open = await observer.count(`SELECT 1 FROM approver.run WHERE open = 'yes'`)
  return { unsentSeconds: oldest(unsent), dueSeconds: oldest(due), open, pending, behind: await behind(observer) }
}

/** Audit follows everything and is the last to have it all. */
async function behind(observer: Observer): Promise<number> {
  const topics = topicsConsumedBy('audit').map(({ name }) => `'${name}'`).join(', ')
  const [handled] = await observer.rows<{ n: string }>('SELECT coalesce(sum(last_key_seq), 0) AS n FROM audit.stream_position')
  const heads = await observer.everywhere<{ n: string }>(`SELECT coalesce(sum(key_seq), 0) AS n FROM $schema.stream_head WHERE topic IN (${topics})`)
  return heads.reduce((sum, { n }) => sum + Number(n), 0) - Number(handled!.n)
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
    if (freshMs !== undefined && now.open === 0 && now.pending === 0 && now.unsentSeconds === 0 && now.behind === 0) return { freshMs, drainedMs: ms, stuck: [] }
    if (ms > limitMs) return { freshMs: freshMs ?? ms, drainedMs: ms, stuck: Object.entries(now).filter(([, left]) => left > 0).map(([what, left]) => `${what} ${left}`) }
    await pause(systemClock, LOOK_EVERY_MS)
  }
}
