import type { BusRecord } from '#libs/messaging'
import type { Assignee, Broker } from './broker.js'
import type { BusFaults } from './faults.js'
import type { Incarnation } from './incarnation.js'

interface Reader {
  topic: string
  partition: number
  /** Where it is; `undefined` while the partition belongs to another member. */
  position: number | undefined
  running: boolean
}

/**
 * One process's membership of a consumer group. Each of its partitions is read one record after the other; the group's offset follows
 * behind. A member that died or was stopped keeps its partitions until its session ends; one that was only slow goes on with what it has,
 * beside its successor.
 */
export class GroupMember implements Assignee {
  private readonly readers: Reader[] = []
  private expelled = false

  constructor(
    private readonly broker: Broker,
    private readonly incarnation: Incarnation,
    private readonly faults: BusFaults,
    readonly group: string,
    readonly topics: readonly string[],
    private readonly handle: (record: BusRecord) => Promise<void>,
  ) {
    for (const topic of topics) {
      for (const partition of broker.partitions(topic).keys()) this.readers.push({ topic, partition, position: undefined, running: false })
    }
  }

  join(): void {
    this.broker.join(this)
    this.incarnation.onDeath(() => this.faults.whenSessionEnds(() => this.broker.leave(this)))
    this.faults.whenStopped(this.incarnation, {
      expel: () => {
        if (this.expelled) return
        this.expelled = true
        this.broker.leave(this)
      },
      rejoin: () => {
        if (!this.expelled) return
        this.expelled = false
        this.broker.join(this)
      },
    })
  }

  positionOf(topic: string, partition: number): number | undefined {
    return this.incarnation.alive ? this.reader(topic, partition)?.position : undefined
  }

  reset(): void {
    for (const reader of this.readers) reader.position = undefined
  }

  /** Resets a reader whose position is beyond the end of the log: it is out of range, and starts from the beginning. */
  cut(topic: string, partition: number, length: number): void {
    const reader = this.reader(topic, partition)
    if (reader?.position === undefined || reader.position <= length) return
    reader.position = 0
    this.look(topic)
  }

  look(only?: string): void {
    if (!this.incarnation.alive) return
    for (const reader of this.readers) {
      const { topic, partition } = reader
      if (only !== undefined && only !== topic) continue
      if (!this.broker.owns(this, topic, partition)) reader.position = undefined
      else {
        reader.position ??= this.committed(reader)
        if (!reader.running && this.hasMore(reader)) void this.follow(reader)
      }
    }
  }

  private reader(topic: string, partition: number): Reader | undefined {
    return this.readers.find((mine) => mine.topic === topic && mine.partition === partition)
  }

  private committed({ topic, partition }: Reader): number {
    const offset = this.broker.offset(this.group, topic, partition)
    return offset > this.broker.partitions(topic)[partition]!.length ? 0 : offset
  }

  private hasMore({ topic, partition, position }: Reader): boolean {
    return position !== undefined && position < this.broker.partitions(topic)[partition]!.length
  }

  private async follow(reader: Reader): Promise<void> {
    reader.running = true
    await this.incarnation.passage(this.faults.wayMs())
    const { topic, partition } = reader
    while (reader.position !== undefined) {
      const records = this.broker.partitions(topic)[partition]!
      const at: number = reader.position
      const record = records[at]
      if (record === undefined) break
      for (let copies = this.faults.copies(); copies > 0; copies--) await this.handle(record)
      await this.incarnation.gate()
      // The partition went to another meanwhile, and may have come back.
      if (reader.position !== at) continue
      reader.position = at + 1
      if (!this.faults.commitIsLost()) this.broker.commit(this.group, topic, partition, at + 1)
    }
    reader.running = false
    this.look(topic)
  }
}
