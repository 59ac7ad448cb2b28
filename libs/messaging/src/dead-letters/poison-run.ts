import type { VerifiedEvent, ServiceName } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import type { Outbox } from '../outbox/outbox.js'

/** Largest value of the run and attempt columns. */
const MAX_INT4 = 2 ** 31 - 1
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Returns run and attempt of an event if it contains valid ones. */
export function runOf(event: VerifiedEvent): { run: number; attempt: number } | undefined {
  const run = Number(event.runId ?? Number.NaN)
  const attempt = event.attempt ?? 1
  return Number.isInteger(run) && run > 0 && run <= MAX_INT4 && attempt <= MAX_INT4 ? { run, attempt } : undefined
}

export interface PoisonDependencies {
  outbox: Outbox
  service: ServiceName
  /** Topic on which this service reports a poisoned run; `undefined` if the service is not a stage. The alarm is then the only effect. */
  stageTopic: string | undefined
}

/** Fails the run of an event that cannot be handled. If the event has no run, the alarm is the only effect. */
export async function poisonRunOf(tx: Transaction, event: VerifiedEvent, code: string, deps: PoisonDependencies): Promise<void> {
  const run = runOf(event)
  if (run === undefined) return
  const causationId = UUID.test(event.id) ? event.id : undefined
  await poisonRun(tx, { ...run, key: event.key, detail: `${deps.service} could not handle ${event.type} (${code})`, causationId }, deps)
}

/** Publishes on the stage's own topic that a run cannot continue; approver ends the run. */
export async function poisonRun(
  tx: Transaction,
  { run, attempt, key, detail, causationId }: { run: number; attempt: number; key: string; detail: string; causationId?: string },
  { outbox, service, stageTopic }: PoisonDependencies,
): Promise<void> {
  if (stageTopic === undefined) return
  const data = { run, attempt, group: service, reason: 'POISONED', detail }
  await outbox.emit(tx, 'hms.run.poisoned.v1', data, { key, run, attempt, causationId, topic: stageTopic })
}
