import { SERVICES, isTerminal } from '#libs/contracts'
import type { Timer } from '#libs/persistence'
import { memoryOf } from '#libs/persistence/testing'
import { stateOf } from '#libs/pipeline'
import { RUNS } from '../../apps/approver/src/runs/run.table.js'
import type { Harness } from './harness.js'

interface OutboxState {
  sentAt: number | null
}

/** Returns what is unfinished, in words; empty when only timers remain that are not yet due. */
export async function restless(harness: Harness): Promise<string[]> {
  const found: string[] = []
  for (const name of SERVICES) {
    const node = harness.node(name)
    if (node.lives.length === 0 && name !== harness.hole) found.push(`${name} does not run`)
    const { unsent, overdue, ends, unplaced } = await node.durable.read(async (tx) => ({
      ends: await node.stores.outbox.logEnds(tx),
      unsent: memoryOf(tx)
        .rows<OutboxState>('outbox')
        .values()
        .filter((row) => row.sentAt === null).length,
      overdue: memoryOf(tx)
        .rows<Timer>('timer')
        .values()
        .filter((timer) => timer.dueAt <= tx.now).length,
      unplaced: memoryOf(tx).rows('arrival').values().length,
    }))
    if (name === harness.hole) continue
    if (unsent > 0) found.push(`${name} has ${unsent} unsent`)
    if (unplaced > 0) found.push(`${name} has ${unplaced} events without an index`)
    for (const { topic, ...last } of ends) {
      const lost = harness.broker.lost(topic, last)
      if (lost !== undefined)
        found.push(`${name} was told that ${topic} ${last.partition} holds ${last.offset}, and it holds its own up to ${lost.offset}`)
    }
    if (overdue > 0) found.push(`${name} has ${overdue} overdue timers`)
  }
  for (const { group, topic, partition, behind } of harness.broker.lags()) {
    if (behind > 0 && !isHole(harness, group)) found.push(`${group} is ${behind} behind in ${topic} ${partition}`)
  }
  return found
}

/** Runs that have not ended. */
export function openRuns(harness: Harness): Promise<number[]> {
  return harness.node('approver').durable.read(async (tx) => {
    const records = await tx.documents(RUNS).find()
    return records.filter(({ facts }) => !isTerminal(stateOf(facts))).map(({ facts }) => facts.run)
  })
}

/** When the next timer of any service falls due. */
export async function nextTimerAt(harness: Harness): Promise<number | undefined> {
  const times: number[] = []
  for (const name of SERVICES) {
    if (name === harness.hole) continue
    const timers = await harness.node(name).durable.read(async (tx) => memoryOf(tx).rows<Timer>('timer').values())
    times.push(...timers.map(({ dueAt }) => dueAt.getTime()))
  }
  return times.length === 0 ? undefined : Math.min(...times)
}

function isHole(harness: Harness, group: string): boolean {
  return group.split('.')[0] === harness.hole
}
