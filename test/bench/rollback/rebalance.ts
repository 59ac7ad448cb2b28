import { Served, until } from '../../support/processes.js'
import type { Rollback } from './roll-back.js'
import type { RollbackSystem } from './rollback-system.js'

const MEMBER = new URL('group-member.mjs', import.meta.url).pathname
const GROUP = 'config-store'
const HEADS = 'hms.config.head.v1'
const JOIN_MS = 30_000

/**
 * While the group that reads heads off the bus cannot agree: one member is frozen, another one joins, and the broker waits for the first.
 * Until that ends config-store reads nothing.
 */
export async function duringRebalance(system: RollbackSystem): Promise<Rollback[]> {
  const { broker } = system.processes
  const state = (): Promise<string> =>
    broker.asAdmin(async (admin) => (await admin.describeGroups([GROUP])).groups.find(({ groupId }) => groupId === GROUP)!.state)
  const isRebalancing = async (): Promise<boolean> => (await state()) === 'PreparingRebalance'
  const isStable = async (): Promise<boolean> => (await state()) === 'Stable'
  const members: Served[] = []
  const join = (): Served => {
    const member = Served.start([broker.brokers.join(','), GROUP, HEADS], {}, MEMBER)
    members.push(member)
    return member
  }
  try {
    const frozen = join()
    await until('a member has joined', async () => frozen.output.includes('joined') && (await isStable()), JOIN_MS)
    frozen.freeze()
    join()
    await until('the group rebalances', isRebalancing, JOIN_MS)
    const rollbacks = await system.rollBackWhile('the rebalance', isRebalancing)
    frozen.thaw()
    // Who leaves while it waits to join is kept as a member: all join first.
    await until('all have joined', isStable, JOIN_MS)
    await Promise.all(members.map((member) => member.stop()))
    await until('the group is stable again', isStable, JOIN_MS)
    return rollbacks
  } finally {
    await Promise.all(members.map((member) => member.kill()))
  }
}
