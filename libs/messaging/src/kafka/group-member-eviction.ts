import { describeError, PeriodicTask, type Clock, type Logger } from '#libs/platform'
import type { Kafka } from 'kafkajs'
import { ConnectOnce, openClusterConnection } from './kafka-connection.js'

export interface GroupMember {
  memberId: string
  clientId: string
}

/** Methods of kafkajs' broker that its types omit. */
interface CoordinatingBroker {
  isConnected(): boolean
  describeGroups(request: { groupIds: string[] }): Promise<{ groups: { members: GroupMember[] }[] }>
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>
}

interface CoordinatedCluster {
  findGroupCoordinator(by: { groupId: string }): Promise<CoordinatingBroker>
}

/** Sends group coordinators requests that kafkajs lacks, on its own connection: a pending JoinGroup delays all other responses. */
export class GroupCoordinators {
  private readonly clusterConnection = openClusterConnection<CoordinatedCluster>(this.kafka, 'hms-svc-coordination')
  /** Last known coordinator of each group; looked up again after a failed request. */
  private readonly coordinators = new Map<string, CoordinatingBroker>()
  private readonly connection = new ConnectOnce(() => this.clusterConnection.consumer.connect())

  constructor(private readonly kafka: Kafka) {}

  async members(group: string): Promise<GroupMember[]> {
    const { groups } = await this.send(group, (coordinator) => coordinator.describeGroups({ groupIds: [group] }))
    return groups.flatMap(({ members }) => members.map(({ memberId, clientId }) => ({ memberId, clientId })))
  }

  /** Removes a member as if it had left by itself: its partitions are reassigned at once. A member that is still alive rejoins. */
  async remove(group: string, memberId: string): Promise<void> {
    await this.send(group, (coordinator) => coordinator.leaveGroup({ groupId: group, memberId }))
  }

  close(): Promise<void> {
    return this.clusterConnection.consumer.disconnect()
  }

  private async send<T>(group: string, request: (coordinator: CoordinatingBroker) => Promise<T>): Promise<T> {
    await this.connection.get()
    try {
      const known = this.coordinators.get(group)
      // A request to a disconnected broker would reconnect without authenticating; a new lookup does both.
      const coordinator =
        known?.isConnected() === true ? known : await this.clusterConnection.cluster.findGroupCoordinator({ groupId: group })
      this.coordinators.set(group, coordinator)
      return await request(coordinator)
    } catch (error) {
      this.coordinators.delete(group)
      throw error
    }
  }
}

const POLL_MS = 500
/** Poll interval while alone in the group: there is no member to evict, and a new one is found at the next poll. */
const POLL_ALONE_MS = 2_000
/** Consecutive polls that must find an instance gone: after a restart of PostgreSQL, live instances need a moment to reconnect. */
const MIN_POLLS = 3
const INSTANCE = '/instance/'

/** Returns the client id of a process, which identifies its instance among the members of a group. */
export function clientIdOf(name: string, instance: string): string {
  return `${name}${INSTANCE}${instance}`
}

/**
 * Evicts the members of dead instances: Kafka waits for its session timeout (10 s), but the database knows at once, because the database
 * session with the instance's lock ended. A false positive costs one rebalance: the member rejoins, and duplicates are dropped by position.
 */
export class GroupMemberEviction {
  private readonly missedPolls = new Map<string, number>()
  private alone = false
  readonly polls = new PeriodicTask(this.clock, {
    everyMs: () => (this.alone ? POLL_ALONE_MS : POLL_MS),
    run: () => this.poll(),
    failed: (error) => {
      this.missedPolls.clear()
      this.alone = false
      this.log.debug({ group: this.group, error: describeError(error) }, 'group members could not be checked; retrying')
    },
  })

  constructor(
    private readonly group: string,
    private readonly instance: string,
    private readonly coordinators: GroupCoordinators,
    /** Returns those of the instances that have no database session. Rejects while this is unknown. */
    private readonly findDisconnected: (instances: readonly string[]) => Promise<readonly string[]>,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  private async poll(): Promise<void> {
    const members = await this.coordinators.members(this.group)
    const others = [...new Set(members.map(instanceOf))].filter((name) => name !== undefined && name !== this.instance) as string[]
    this.alone = others.length === 0
    const disconnected = others.length === 0 ? [] : await this.findDisconnected(others)
    for (const name of this.missedPolls.keys()) if (!disconnected.includes(name)) this.missedPolls.delete(name)
    for (const name of disconnected) {
      const polls = (this.missedPolls.get(name) ?? 0) + 1
      this.missedPolls.set(name, polls)
      if (polls >= MIN_POLLS) await this.remove(name, members)
    }
  }

  private async remove(name: string, members: readonly GroupMember[]): Promise<void> {
    this.missedPolls.delete(name)
    for (const { memberId } of members.filter((member) => instanceOf(member) === name)) {
      await this.coordinators.remove(this.group, memberId)
      this.log.warn({ group: this.group, memberId }, 'a member of a dead instance was removed from its group')
    }
  }
}

function instanceOf({ clientId }: GroupMember): string | undefined {
  return clientId.split(INSTANCE)[1]
}
