import { finished } from '../../support/processes.js'
import { barePush } from '../bare-push.js'
import { nowMs } from '../figures.js'
import { followStream } from '../press-under-load.js'
import type { Rollback } from './roll-back.js'

const ROUNDS = 5
const PROCESS_MS = 10_000

/** What no rollback can be quicker than: a Node process that does nothing, and a bare loop that writes as many bytes to as many sockets. */
export class Floor {
  private bytes = 0

  /** Reads along how long the frames of changes are. */
  static async follow(url: string): Promise<Floor> {
    const floor = new Floor()
    await followStream(url, (frame) => {
      if (frame.includes('"type":"change"')) floor.bytes = frame.length
    })
    return floor
  }

  async measure(bots: number): Promise<Rollback[]> {
    if (this.bytes === 0) throw new Error('no change was seen yet')
    const pushes = await barePush(bots, this.bytes, ROUNDS)
    const rollbacks: Rollback[] = []
    for (const requestMs of pushes.last) {
      const startedAt = nowMs()
      await finished(process.execPath, ['-e', '0'], {}, PROCESS_MS)
      rollbacks.push({ commandMs: nowMs() - startedAt + requestMs, requestMs, silent: [] })
    }
    return rollbacks
  }
}
