import { pause, systemClock } from '#libs/platform'
import type { KillSystem } from '../fleet/kill-system.js'
import type { Random } from '../random.js'

/** One thing that goes wrong. It ends by itself, and what it broke is whole again then, but for what has to recover. */
export interface Fault {
  name: string
  /** How many processes end without a word. */
  kills: number
  /** Of two faults of one part the second would only undo the first. */
  part: 'process' | 'broker' | 'database' | 'network'
  strike(system: KillSystem, random: Random): Promise<Record<string, unknown>>
}

const wait = (ms: number): Promise<void> => pause(systemClock, ms)

export const killProcess: Fault = {
  name: 'kill -9',
  kills: 1,
  part: 'process',
  async strike({ fleet }, random) {
    const member = random.pick(fleet.members)
    await member.kill()
    return { process: member.title }
  },
}

/** A zombie: its sessions, leases and group membership outlive it, and it goes on in the middle of whatever it was at. */
export function freezeProcess(ms: (random: Random) => number): Fault {
  return {
    name: 'SIGSTOP',
    kills: 0,
    part: 'process',
    async strike({ fleet }, random) {
      const member = random.pick(fleet.members)
      const frozenMs = ms(random)
      member.freeze()
      await wait(frozenMs)
      member.thaw()
      return { process: member.title, frozenMs }
    },
  }
}

export const stopBroker: Fault = {
  name: 'broker stop',
  kills: 0,
  part: 'broker',
  async strike({ broker }) {
    await broker.restart()
    return {}
  },
}

export const killBroker: Fault = {
  name: 'broker kill -9',
  kills: 1,
  part: 'broker',
  async strike({ broker }, random) {
    const downMs = random.between(0, 2_000)
    await broker.kill()
    await wait(downMs)
    await broker.restart()
    return { downMs }
  },
}

export function stopDatabase(mode: 'fast' | 'immediate'): Fault {
  return {
    name: `database ${mode} stop`,
    kills: mode === 'immediate' ? 1 : 0,
    part: 'database',
    async strike({ database }, random) {
      const downMs = random.between(0, 2_000)
      await database.stop(mode)
      await wait(downMs)
      await database.restart()
      return { downMs }
    },
  }
}
