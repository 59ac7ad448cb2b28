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
  describeGroups(request: { groupIds: string[] }): Promise<{ groups: { members: GroupMember[] }[] }>
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>
}

/**
 * Requests to the coordinators of groups, which kafkajs' admin does not have: its only public door to a cluster is the factory of a
 * partition assigner. The connection is one of its own, for a coordinator answers nothing on a connection whose JoinGroup it holds back.
 */
export class GroupCoordinators {
  private cluster: Cluster | undefined
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
    const { groups } = await (await this.coordinatorOf(group)).describeGroups({ groupIds: [group] })
    return groups.flatMap(({ members }) => members.map(({ memberId, clientId }) => ({ memberId, clientId })))
  }

  /** As if the member had said good-bye itself: its partitions go to the others at once. One that lives after all joins again. */
  async remove(group: string, memberId: string): Promise<void> {
    await (await this.coordinatorOf(group)).leaveGroup({ groupId: group, memberId })
  }

  close(): Promise<void> {
    return this.door.disconnect()
  }

  private async coordinatorOf(group: string): Promise<CoordinatingBroker> {
    await this.connection.get()
    return (await this.cluster!.findGroupCoordinator({ groupId: group })) as unknown as CoordinatingBroker
  }
}
