import { percentile } from '../figures.js'
import type { Rollback } from './roll-back.js'

/** Prints a row once it is measured. A row that fails says why, and so does a bot that stayed silent. `quiet`: measured just before it. */
export async function printRow(name: string, measure: () => Promise<{ rollbacks: Rollback[]; quiet?: Rollback[] }>): Promise<void> {
  let measured: Awaited<ReturnType<typeof measure>>
  try {
    measured = await measure()
  } catch (error) {
    print(name, `NOT MEASURED: ${(error as Error).message}`)
    throw error
  }
  const { rollbacks, quiet = [] } = measured
  const command = rollbacks.map(({ commandMs }) => commandMs)
  const request = rollbacks.map(({ requestMs }) => requestMs)
  const beside = quiet.length === 0 ? '' : `   quiet before: ${comparison(command, quiet)}`
  const silent = [...new Set([...rollbacks, ...quiet].flatMap((rollback) => rollback.silent))]
  const said = silent.length === 0 ? '' : `   SILENT: ${silent.join(', ')}`
  print(name, `command ${spread(command)}   request ${spread(request)}   n ${rollbacks.length}${beside}${said}`)
  if (silent.length > 0) throw new Error(`${name}: ${silent.length} bots stayed silent: ${silent.join(', ')}`)
}

function print(name: string, what: string): void {
  process.stdout.write(`${name.padEnd(36)} ${what}\n`)
}

function spread(values: readonly number[]): string {
  return `p50 ${ms(share(values, 0.5))} p100 ${ms(share(values, 1))}`
}

function comparison(command: readonly number[], quiet: readonly Rollback[]): string {
  const before = share(
    quiet.map(({ commandMs }) => commandMs),
    0.5,
  )
  return `p50 ${ms(before)}, ratio ${(share(command, 0.5) / before).toFixed(2)}`
}

function share(values: readonly number[], part: number): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    part,
  )
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`.padStart(7)
}
