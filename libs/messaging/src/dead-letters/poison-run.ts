import type { VerifiedEvent, ServiceName } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import type { Outbox } from '../outbox/outbox.js'

/** What the columns of run and attempt take. */
const MOST = 2 ** 31 - 1
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The run of an event, where it names one that can be. */
export function runOf(event: VerifiedEvent): { run: number; attempt: number } | undefined {
  const run = Number(event.runId ?? Number.NaN)
  const attempt = event.attempt ?? 1
  return Number.isInteger(run) && run > 0 && run <= MOST && attempt <= MOST ? { run, attempt } : undefined
}

export interface PoisonDependencies {
  outbox: Outbox
  service: ServiceName
  /** `undefined` of a service that is no stage: then there is only the alarm. */
  stageTopic: string | undefined
}

/** The run of an event that cannot be handled; without a run there is only the alarm. */
export async function poisonRunOf(tx: Transaction, event: VerifiedEvent, code: string, deps: PoisonDependencies): Promise<void> {
  const of = runOf(event)
  if (of === undefined) return
  const causationId = UUID.test(event.id) ? event.id : undefined
  await poisonRun(tx, { ...of, key: event.key, detail: `${deps.service} could not handle ${event.type} (${code})`, causationId }, deps)
}

/** Says on the stage's own topic that a run cannot go on; approver ends it. */
export async function poisonRun(
  tx: Transaction,
  { run, attempt, key, detail, causationId }: { run: number; attempt: number; key: string; detail: string; causationId?: string },
  { outbox, service, stageTopic }: PoisonDependencies,
): Promise<void> {
  if (stageTopic === undefined) return
  const data = { run, attempt, group: service, reason: 'POISONED', detail }
  await outbox.emit(tx, 'hms.run.poisoned.v1', data, { key, run, attempt, causationId, topic: stageTopic })
}
