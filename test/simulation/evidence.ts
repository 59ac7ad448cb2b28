import { SERVICES, TOPICS, type OutgoingEvent, type ServiceName, type Ticket } from '#libs/contracts'
import { DEAD_LETTERS, type DeadLetter } from '#libs/messaging'
import type { Timer, Transaction } from '#libs/persistence'
import { memoryOf } from '#libs/persistence/testing'
import type { Canary } from '#libs/pipeline'
import type { EventPredicate, Roster } from '#libs/signing'
import { POLICIES, type PolicyRecord } from '../../apps/approver/src/policies/policy.table.js'
import { RUNS, type RunRecord } from '../../apps/approver/src/runs/run.table.js'
import { TICKETS } from '../../apps/approver/src/tickets/ticket.table.js'
import { LISTINGS, WINDOWED } from '../../apps/audit/src/windows/window.table.js'
import { CANARIES } from '../../apps/canary-controller/src/canaries/canary.table.js'
import { DOCUMENTS, REVISIONS, type Revision, type StoredDocument } from '../../apps/config-store/src/heads/head.table.js'
import { DELIVERIES, type Delivery } from '../../apps/notifier/src/delivery/delivery.table.js'
import { STABLES, type Stable } from '../../apps/rollout/src/stable/stable.table.js'
import { predicateOf } from './predicate-of.js'
import { restless } from './rest.js'
import { sightingsIn, type Sighting } from './witness.js'
import type { Harness } from './harness.js'

/** An event as its producer committed it, in the order of its outbox. */
export type Emitted = EventPredicate & { producer: ServiceName }

/** Everything that outlived the processes of a seed, for the oracles to judge. */
export interface Evidence {
  roster: Roster
  accepted: ReadonlySet<number>
  /** Ids of events that a handler was made unable to handle. */
  poisoned: ReadonlySet<string>
  brokenTimers: ReadonlySet<string>
  emitted: Emitted[]
  /** Tombstones: they have a number in their key, and no handler sees them. */
  erased: Pick<OutgoingEvent, 'topic' | 'key' | 'keySeq'>[]
  sightings: Sighting[]
  deadLetters: (DeadLetter & { service: ServiceName })[]
  timers: (Timer & { service: ServiceName })[]
  parked: { service: ServiceName; count: number }[]
  runs: RunRecord[]
  policies: PolicyRecord[]
  tickets: Ticket[]
  canaries: Canary[]
  stables: Stable[]
  documents: StoredDocument[]
  revisions: Revision[]
  deliveries: Delivery[]
  audited: { event: string; index: number }[]
  /** Events whose window is over or still open: the log has, or will have, one digest of many. */
  windowed: string[]
  restless: string[]
  now: Date
}

const topicNames: ReadonlySet<string> = new Set(TOPICS.map(({ name }) => name))

export async function collect(harness: Harness): Promise<Evidence> {
  const everywhere = async <T>(look: (tx: Transaction, service: ServiceName) => Promise<T[]>): Promise<T[]> =>
    (await Promise.all(SERVICES.map((service) => harness.node(service).durable.read((tx) => look(tx, service))))).flat()
  const of = <T>(service: ServiceName, look: (tx: Transaction) => Promise<T>): Promise<T> => harness.node(service).durable.read(look)
  return {
    roster: harness.roster,
    accepted: harness.press.accepted,
    poisoned: harness.poisoned,
    brokenTimers: harness.brokenTimers,
    // Copies of dead letters are in the outbox too; they are no events of their producers.
    emitted: await everywhere(async (tx, producer) =>
      outboxOf(tx)
        .filter(({ topic, value }) => topicNames.has(topic) && value !== null)
        .map((row) => ({ ...predicateOf(row), producer })),
    ),
    erased: await everywhere(async (tx) => outboxOf(tx).filter(({ value }) => value === null)),
    sightings: await everywhere(async (tx) => sightingsIn(tx)),
    deadLetters: await everywhere(async (tx, service) =>
      (await tx.documents(DEAD_LETTERS).find()).map((letter) => ({ ...letter, service })),
    ),
    timers: await everywhere(async (tx, service) =>
      memoryOf(tx)
        .rows<Timer>('timer')
        .values()
        .map((timer) => ({ ...timer, service })),
    ),
    parked: await everywhere(async (tx, service) => [{ service, count: (await harness.node(service).stores.positions.parked(tx)).count }]),
    runs: await of('approver', (tx) => tx.documents(RUNS).find()),
    policies: await of('approver', (tx) => tx.documents(POLICIES).find()),
    tickets: await of('approver', (tx) => tx.documents(TICKETS).find({ limit: 1_000 })),
    canaries: await of('canary-controller', (tx) => tx.documents(CANARIES).find()),
    stables: await of('rollout', (tx) => tx.documents(STABLES).find()),
    documents: await of('config-store', (tx) => tx.documents(DOCUMENTS).find()),
    revisions: await of('config-store', (tx) => tx.documents(REVISIONS).find({ orderBy: 'revision' })),
    deliveries: await of('notifier', (tx) => tx.documents(DELIVERIES).find({ limit: 10_000 })),
    audited: await of('audit', async (tx) => [...entriesOf(tx)]),
    windowed: await of('audit', windowedIn),
    restless: await restless(harness),
    now: new Date(harness.scheduler.nowMs),
  }
}

function outboxOf(tx: Transaction): (OutgoingEvent & { seq: number })[] {
  return [...memoryOf(tx).rows<OutgoingEvent & { seq: number }>('outbox').values()].sort((a, b) => a.seq - b.seq)
}

function entriesOf(tx: Transaction): { event: string; index: number }[] {
  const rows = memoryOf(tx).rows<{ index: number; entry: string }>('entry').values()
  return rows.map(({ index, entry }) => ({ index, event: (JSON.parse(entry) as { event: string }).event }))
}

async function windowedIn(tx: Transaction): Promise<string[]> {
  const listings = await tx.documents(LISTINGS).find({ limit: 10_000 })
  const listed = listings.flatMap(({ listing }) =>
    listing
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[0]!),
  )
  const open = await tx.documents(WINDOWED).find({ limit: 10_000 })
  return [...listed, ...open.map(({ event }) => event)]
}
