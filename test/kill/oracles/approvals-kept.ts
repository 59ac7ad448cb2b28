import { DATA } from './decode.js'
import type { Oracle } from './oracle.js'

interface RunRow {
  id: string
  approval: string
  policies: { id: string; version: string }[]
}

/** I3: what the API acknowledged is in the database, under the number it named; no approval has two runs. */
export const approvalsKept: Oracle = {
  name: 'no acknowledged approval or rollback lost',
  async check({ observer, ledger }) {
    const rows = await observer.rows<RunRow>(
      `SELECT id, doc->>'approval' AS approval, doc->'facts'->'policies' AS policies FROM approver.run`,
    )
    const byRun = new Map(rows.map((row) => [Number(row.id), row]))
    const violations: string[] = []
    for (const { digest, run, policies } of ledger.approvals) {
      const row = byRun.get(run)
      const wanted = policies.map(({ id, version }) => `${id}@${version}`).sort()
      const found = row?.policies.map(({ id, version }) => `${id}@${version}`).sort()
      if (row === undefined) violations.push(`run ${run} (${wanted.join(', ')}) was acknowledged and is not there`)
      else if (row.approval !== digest || found?.join() !== wanted.join())
        violations.push(`run ${run} was acknowledged for ${wanted.join(', ')} and is of ${found?.join(', ')}`)
    }
    const approvals = rows.map((row) => row.approval)
    for (const digest of new Set(approvals.filter((approval, index) => approvals.indexOf(approval) !== index)))
      violations.push(`approval ${digest} has more than one run`)
    const reversed = await observer.rows<{ head: string }>(
      `SELECT ${DATA}->>'policy' || ' ' || (${DATA}->>'seq') AS head FROM rollout.outbox WHERE type = 'hms.rollout.reversed.v1'`,
    )
    const heads = new Set(reversed.map(({ head }) => head))
    for (const { policy, version, seq } of ledger.rollbacks) {
      if (!heads.has(`${policy} ${seq}`))
        violations.push(`the rollback to ${policy}@${version} under head ${seq} was acknowledged and is not there`)
    }
    return { looked: ledger.approvals.length + ledger.rollbacks.length, violations }
  },
}
