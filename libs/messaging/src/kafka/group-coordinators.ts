import { createRequire } from 'node:module'
import type { Cluster, Consumer, Kafka, PartitionAssigner, PartitionAssigners as PartitionAssignersType } from 'kafkajs'
import { ConnectOnce } from './connect-once.js'

const { PartitionAssigners } = createRequire(import.meta.url)('kafkajs') as { PartitionAssigners: typeof PartitionAssignersType }

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

/**
 * Sends requests to group coordinators that kafkajs' admin client lacks; the factory of a partition assigner is kafkajs' only public access
 * to a cluster. The connection is separate, because a coordinator responds to nothing on a connection whose JoinGroup it is holding.
 */
export class GroupCoordinators {
  private cluster: Cluster | undefined
  /** Coordinators last found. One that does not respond, or no longer coordinates, is looked up again. */
  private readonly found = new Map<string, CoordinatingBroker>()
  private readonly door: Consumer
  private readonly connection = new ConnectOnce(() => this.door.connect())

  constructor(kafka: Kafka) {
    const opened: PartitionAssigner = (config) => {
      this.cluster = config.cluster
      return PartitionAssigners.roundRobin(config)
    }
    // It never joins a group: a consumer that is not run only connects.
    this.door = kafka.consumer({ groupId: 'hms-svc-coordination', partitionAssigners: [opened], retry: { retries: 2, maxRetryTime: 500 } })
  }

  async members(group: string): Promise<GroupMember[]> {
    const { groups } = await this.ask(group, (coordinator) => coordinator.describeGroups({ groupIds: [group] }))
    return groups.flatMap(({ members }) => members.map(({ memberId, clientId }) => ({ memberId, clientId })))
  }

  /** Removes a member as if it had left by itself: its partitions are reassigned at once. A member that is alive after all rejoins. */
  async remove(group: string, memberId: string): Promise<void> {
    await this.ask(group, (coordinator) => coordinator.leaveGroup({ groupId: group, memberId }))
  }

  close(): Promise<void> {
    return this.door.disconnect()
  }

  private async ask<T>(group: string, request: (coordinator: CoordinatingBroker) => Promise<T>): Promise<T> {
    await this.connection.get()
    try {
      const known = this.found.get(group)
      // A request to a lost broker would reconnect without authenticating. Finding it again does both.
      const coordinator = known?.isConnected() === true ? known : await this.find(group)
      this.found.set(group, coordinator)
      return await request(coordinator)
    } catch (error) {
      this.found.delete(group)
      throw error
    }
  }

  private async find(group: string): Promise<CoordinatingBroker> {
    return (await this.cluster!.findGroupCoordinator({ groupId: group })) as unknown as CoordinatingBroker
  }
}
