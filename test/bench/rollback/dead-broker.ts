import type { Rollback } from './roll-back.js'
import type { RollbackSystem } from './rollback-system.js'

const HEADS = 'hms.config.head.v1'

/** Rollbacks after the broker that leads most partitions of the topic of heads was killed. It stays away, so this is the last row. */
export async function withoutBroker(system: RollbackSystem): Promise<Rollback[]> {
  const { broker } = system.processes
  const leaders = await broker.asAdmin(async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [HEADS] })
    return topics.flatMap(({ partitions }) => partitions.map(({ leader }) => leader))
  })
  const led = (id: number): number => leaders.filter((leader) => leader === id).length
  const [dying] = [...broker.nodes].sort((a, b) => led(b.id) - led(a.id))
  await dying!.kill()
  return system.rollBackWhile('the death of a broker', async () => !isAlive(dying!.pid))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
