import { createRequire } from 'node:module'
import type { Cluster, Consumer, Kafka, PartitionAssigner, PartitionAssigners as PartitionAssignersType } from 'kafkajs'
import { ConnectOnce } from './connect-once.js'

const { PartitionAssigners } = createRequire(import.meta.url)('kafkajs') as { PartitionAssigners: typeof PartitionAssignersType }

export interface GroupMember {
  memberId: string
  clientId: string
}

/** What kafkajs' broker can do and its types do not say. */
interface CoordinatingBroker {
  isConnected(): boolean
  describeGroups(request: { groupIds: string[] }): Promise<{ groups: { members: GroupMember[] }[] }>
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>
}

/**
 * Requests to the coordinators of groups, which kafkajs' admin does not have: its only public door to a cluster is the factory of a
 * partition assigner. The connection is one of its own, for a coordinator answers nothing on a connection whose JoinGroup it holds back.
 */
export class GroupCoordinators {
  private cluster: Cluster | undefined
  /** As they were found last. One that does not answer, or coordinates no more, is looked for again. */
  private readonly found = new Map<string, CoordinatingBroker>()
  private readonly door: Consumer
  private readonly connection = new ConnectOnce(() => this.door.connect())

  constructor(kafka: Kafka) {
    const opened: PartitionAssigner = (config) => {
      this.cluster = config.cluster
      return PartitionAssigners.roundRobin(config)
    }
    // It never joins: a consumer that does not run only connects.
    this.door = kafka.consumer({ groupId: 'hms-svc-coordination', partitionAssigners: [opened], retry: { retries: 2, maxRetryTime: 500 } })
  }

  async members(group: string): Promise<GroupMember[]> {
    const { groups } = await this.ask(group, (coordinator) => coordinator.describeGroups({ groupIds: [group] }))
    return groups.flatMap(({ members }) => members.map(({ memberId, clientId }) => ({ memberId, clientId })))
  }

  /** As if the member had said good-bye itself: its partitions go to the others at once. One that lives after all joins again. */
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
      // A request to a broker that was lost would connect again without signing in. To look for it does both.
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
