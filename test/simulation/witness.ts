import type { VerifiedEvent, ServiceName } from '#libs/contracts'
import { SOURCE_PREFIX, type EventConsumer } from '#libs/messaging'
import type { Timer, Timers, Transaction } from '#libs/persistence'
import { memoryOf } from '#libs/persistence/testing'
import type { BrokenTimer, Poison } from './plan.js'

/** An event that a handler had, in a transaction that was committed. */
export interface Sighting {
  consumer: string
  producer: string
  topic: string
  key: string
  keySeq: number
  id: string
  /** Time of the transaction (RFC 3339). */
  at: string
}

const TABLE = 'simulation_sighting'

export class HandlerBug extends Error {}

/** Writes down what each handler gets, in its own transaction, and breaks the handler that the seed wants broken. */
export function watchHandlers(
  service: ServiceName,
  consumer: EventConsumer,
  poison: Poison | undefined,
  poisoned: Set<string>,
  tell: (what: string) => void,
): void {
  const register = consumer.onTopic.bind(consumer)
  consumer.onTopic = (topic, handler, options) => {
    const watched: typeof handler = async (event, tx) => {
      if (isPoison(service, event, poison, poisoned)) {
        tell(`fails on ${event.type} ${event.key} #${event.keySeq}`)
        throw new HandlerBug(`${service} cannot handle ${event.type}`)
      }
      const answer = await handler(event, tx)
      note(service, event, tx)
      tell(`handles ${event.type} ${event.key} #${event.keySeq}`)
      return answer
    }
    register(topic, watched, options)
  }
}

/** Tells of timers as they fire, and breaks the one that the seed wants broken. */
export function watchTimers(
  service: ServiceName,
  timers: Timers,
  broken: BrokenTimer | undefined,
  brokenIds: Set<string>,
  tell: (what: string) => void,
): void {
  const on = timers.on.bind(timers)
  const onWork = timers.onWork.bind(timers)
  const fire = (timer: Timer): void => {
    tell(`timer ${timer.id}`)
    if (!isBroken(service, timer, broken, brokenIds)) return
    tell(`fails on timer ${timer.id}`)
    throw new HandlerBug(`${service} cannot handle ${timer.kind}`)
  }
  timers.on = (kind, handler) =>
    on(kind, async (tx, timer) => {
      fire(timer)
      await handler(tx, timer)
    })
  timers.onWork = (kind, work, leaseMs) =>
    onWork(
      kind,
      async (given) => {
        if (broken?.kind === kind) fire(given.timer)
        await work(given)
      },
      leaseMs,
    )
}

function isBroken(service: ServiceName, { id, kind }: Timer, broken: BrokenTimer | undefined, brokenIds: Set<string>): boolean {
  if (broken?.service !== service || broken.kind !== kind) return false
  if (brokenIds.size === 0) brokenIds.add(id)
  return brokenIds.has(id)
}

export function sightingsIn(tx: Transaction): Sighting[] {
  return memoryOf(tx).rows<Sighting>(TABLE).values()
}

/** The first such event, and no other. */
function isPoison(service: ServiceName, event: VerifiedEvent, poison: Poison | undefined, poisoned: Set<string>): boolean {
  if (poison?.service !== service || poison.type !== event.type) return false
  if (poisoned.size === 0) poisoned.add(event.id)
  return poisoned.has(event.id)
}

function note(consumer: ServiceName, event: VerifiedEvent, tx: Transaction): void {
  const { topic, key, keySeq, id } = event
  const rows = memoryOf(tx).rows<Sighting>(TABLE)
  // A name of its own, so that a second sighting does not hide the first.
  rows.set(`${id} ${rows.get(id) === undefined ? '' : 'again'}`.trim(), {
    consumer,
    producer: event.source.slice(SOURCE_PREFIX.length),
    topic,
    key,
    keySeq,
    id,
    at: tx.now.toISOString(),
  })
}
