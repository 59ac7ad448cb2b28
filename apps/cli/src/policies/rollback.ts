import { rollBack } from '#libs/client'
import { EXIT, type RollbackReport } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { parsePolicyRef } from './policy-ref.js'

export interface RollbackOptions {
  only?: boolean
  reason?: string
}

/** Waits for acknowledgements, 10 s unless `--timeout` says otherwise. Bots that stay silent are named, exit 8; the rollback stands. */
export async function rollback(context: CliContext, reference: string, options: RollbackOptions): Promise<number> {
  parsePolicyRef(reference)
  const { output } = context
  const client = await context.client()
  const { report, result } = await rollBack(client, reference, { ...options, waitMs: await context.timeoutMs() })
  const complete = report.silent.length === 0
  const said = describeRollback(report, result.from)
  if (output.mode === 'json') output.data(report, () => [])
  else if (complete) output.done(said)
  else output.undone(said)
  for (const store of result.stored.filter((store) => !store.ok)) {
    output.note(`${store.url} does not have it yet${store.detail === undefined ? '' : `: ${store.detail}`}`)
  }
  if (!complete) output.note(`Silent: ${report.silent.join(', ')}. The rollback stands; they follow when they connect.`)
  return complete ? EXIT.done : EXIT.stillRunning
}

/** `epa-pm25-limit 2.0.0 → 1.5.0 in 0.84 s, 20 of 20 bots acknowledged`. */
export function describeRollback(report: RollbackReport, from: string | null): string {
  const connected = report.acknowledged + report.silent.length
  const bots = connected === 0 ? 'no bot connected' : `${report.acknowledged} of ${connected} bots acknowledged`
  return `${report.id} ${from === null ? '' : `${from} → `}${report.version} in ${report.seconds.toFixed(2)} s, ${bots}`
}
