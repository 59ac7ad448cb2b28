import type { Oracle } from './oracle.js'

/** After the drain nothing is left: no unsent row, no overdue timer, no timer of a run that has ended, no dead letter. */
export const nothingLeft: Oracle = {
  name: 'nothing is left waiting',
  // Periodic events of the system may be under way: what is left is still there at the last check.
  settles: true,
  async check({ observer }) {
    const violations: string[] = []
    const unsent = await observer.everywhere<{ service: string; n: string }>(
      `SELECT '$service' AS service, count(*) AS n FROM $schema.outbox WHERE sent_at IS NULL`,
    )
    for (const { service, n } of unsent) if (n !== '0') violations.push(`${service} has ${n} unsent events`)
    const due = await observer.everywhere<{ service: string; id: string; late: number }>(
      `SELECT '$service' AS service, id, extract(epoch FROM clock_timestamp() - due_at)::float8 AS late FROM $schema.timer WHERE due_at < clock_timestamp() - interval '5 seconds'`,
    )
    for (const { service, id, late } of due) violations.push(`timer ${id} of ${service} is ${late.toFixed(1)} s late`)
    const deadlines = await observer.rows<{ id: string }>(
      `SELECT timer.id FROM approver.timer JOIN approver.run ON run.id = timer.data->>'run' WHERE run.open = 'no' AND timer.kind = 'run-deadline'`,
    )
    for (const { id } of deadlines) violations.push(`${id} waits for a run that has ended`)
    const letters = await observer.everywhere<{ service: string; code: string; state: string; detail: string }>(
      `SELECT '$service' AS service, doc->>'code' AS code, state, doc->>'detail' AS detail FROM $schema.dead_letter`,
    )
    for (const { service, code, state, detail } of letters) violations.push(`${service} has a dead letter (${state}): ${code}, ${detail}`)
    return { looked: unsent.length, violations }
  },
}
