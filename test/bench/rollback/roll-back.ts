import { connect, type HmsConnection } from '#libs/client'
import { EXIT, type RollbackReport } from '#libs/contracts'
import { hms } from '../../support/processes.js'
import { nowMs } from '../figures.js'

/** Longer than the command waits for bots by itself. */
const COMMAND_MS = 20_000
const CONNECTED_AT_ONCE = 100

export interface Bot {
  name: string
  connection: HmsConnection
}

/** One rollback, in milliseconds. `requestMs`: from the request to the last acknowledgement, as the command itself says. */
export interface Rollback {
  commandMs: number
  requestMs: number
  /** Bots that were not counted as current, or do not have the version. */
  silent: string[]
}

export async function connectBots(url: string, count: number): Promise<Bot[]> {
  const bots: Bot[] = []
  while (bots.length < count) {
    const names = Array.from({ length: Math.min(CONNECTED_AT_ONCE, count - bots.length) }, (_, index) => `bot-${bots.length + index}`)
    bots.push(...(await Promise.all(names.map(async (name) => ({ name, connection: await connect({ url, bot: name, region: 'NCR' }) })))))
  }
  return bots
}

/** By the command, as an operator does; then the bots themselves are asked what they have. */
export async function rollBack(env: Record<string, string>, policy: string, version: string, bots: readonly Bot[]): Promise<Rollback> {
  const startedAt = nowMs()
  const done = await hms(['rollback', `${policy}@${version}`, '--json'], env, COMMAND_MS)
  const commandMs = nowMs() - startedAt
  if (done.code !== EXIT.done && done.code !== EXIT.stillRunning) throw new Error(`exit ${done.code}: ${done.stdout} ${done.stderr}`)
  const { acknowledged, silent, seconds } = JSON.parse(done.stdout) as RollbackReport
  const behind = bots.filter(({ connection }) => connection.get(policy).version !== version).map(({ name }) => name)
  const counted = acknowledged + silent.length
  if (counted !== bots.length && behind.length === 0) throw new Error(`${counted} of ${bots.length} bots were counted`)
  return { commandMs, requestMs: seconds * 1_000, silent: [...new Set([...silent, ...behind])] }
}
