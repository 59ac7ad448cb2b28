import type { ReceivedEvent, ServiceName } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import type { Outbox } from '../outbox/outbox.js'

/** What the columns of run and attempt take. */
const MOST = 2 ** 31 - 1
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The run of an event, where it names one that can be. */
export function runOf(event: ReceivedEvent): { run: number; attempt: number } | undefined {
  const run = Number(event.runId ?? Number.NaN)
  const attempt = event.attempt ?? 1
  return Number.isInteger(run) && run > 0 && run <= MOST && attempt <= MOST ? { run, attempt } : undefined
}

/** Says on the stage's own topic that a run cannot go on; approver ends it. Without a run there is only the alarm. */
export async function poisonRun(
  tx: Transaction,
  event: ReceivedEvent,
  code: string,
  { outbox, service, stageTopic }: { outbox: Outbox; service: ServiceName; stageTopic: string | undefined },
): Promise<void> {
  const of = runOf(event)
  if (of === undefined || stageTopic === undefined) return
  const data = { ...of, group: service, reason: 'POISONED', detail: `${service} could not handle ${event.type} (${code})` }
  const causationId = UUID.test(event.id) ? event.id : undefined
  await outbox.emit(tx, 'hms.run.poisoned.v1', data, { key: event.key, ...of, causationId, topic: stageTopic })
}
