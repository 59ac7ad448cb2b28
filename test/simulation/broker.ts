import { partitionsOf, type OutgoingEvent } from '#libs/contracts'
import { recordOf, type BusRecord, type LostPosition, type LogPosition } from '#libs/messaging'

/** Enough to have keys beside each other and keys apart; twelve would only cost. */
const PARTITIONS = 2

/** Somebody who reads one partition for a group. */
export interface Assignee {
  readonly group: string
  readonly topics: readonly string[]
  /** Partitions may have come or gone, records may have come. */
  look(topic?: string): void
  /** How far this member is; `undefined` where it does not read. */
  positionOf(topic: string, partition: number): number | undefined
  /** The group's offsets are no longer where it left them. */
  reset(): void
  /** The partition ends here now. */
  cut(topic: string, partition: number, length: number): void
}

/** What outlives every process: the records of each partition, how far each group said it is, and who belongs to it. */
export class Broker {
  private readonly topics = new Map<string, BusRecord[][]>()
  /** When each record was appended, by a clock of the broker's own that never stands still. */
  private readonly times = new Map<string, number[]>()
  private clock = 0
  private readonly offsets = new Map<string, number>()
  private readonly members = new Map<string, Assignee[]>()
  /** Readers of each topic; rebuilt when a group changes. */
  private readonly readers = new Map<string, readonly Assignee[]>()

  get names(): string[] {
    return [...this.topics.keys()]
  }

  partitions(topic: string): BusRecord[][] {
    let partitions = this.topics.get(topic)
    if (partitions === undefined) {
      const count = Math.min(PARTITIONS, partitionsOf(topic))
      this.topics.set(topic, (partitions = Array.from({ length: count }, () => [])))
    }
    return partitions
  }

  partitionOf(topic: string, key: string): number {
    let hash = 0
    for (let index = 0; index < key.length; index++) hash = (Math.imul(hash, 31) + key.charCodeAt(index)) | 0
    return Math.abs(hash) % this.partitions(topic).length
  }

  append(event: OutgoingEvent): LogPosition {
    const partition = this.partitionOf(event.topic, event.key)
    const records = this.partitions(event.topic)[partition]!
    const place = { partition, offset: records.length, atMs: ++this.clock }
    this.timesOf(event.topic, partition).push(place.atMs)
    records.push(recordOf(event, `${partition}:${place.offset}`))
    for (const member of this.readersOf(event.topic)) member.look(event.topic)
    return place
  }

  /** As `EventBus.lost`: the log ends before the place, or something younger lies there. */
  lost(topic: string, { partition, offset, atMs = 0 }: LogPosition): LostPosition | undefined {
    const times = this.timesOf(topic, partition)
    const younger = times.findIndex((time) => time > atMs)
    const from = younger < 0 ? times.length : younger
    return from <= offset ? { partition, offset: from, why: younger < 0 ? 'ends' : 'younger' } : undefined
  }

  offset(group: string, topic: string, partition: number): number {
    return this.offsets.get(`${group} ${topic} ${partition}`) ?? 0
  }

  commit(group: string, topic: string, partition: number, offset: number): void {
    this.offsets.set(`${group} ${topic} ${partition}`, offset)
  }

  join(member: Assignee): void {
    this.members.set(member.group, [...(this.members.get(member.group) ?? []), member])
    this.rebalance(member.group)
  }

  leave(member: Assignee): void {
    const others = (this.members.get(member.group) ?? []).filter((other) => other !== member)
    this.members.set(member.group, others)
    this.rebalance(member.group)
  }

  /** Round robin over the members in the order in which they came. */
  owns(member: Assignee, topic: string, partition: number): boolean {
    const members = this.members.get(member.group) ?? []
    return members.length > 0 && members[(topic.length + partition) % members.length] === member
  }

  /** A group begins again at the oldest record of each topic, as one does whose offsets expired. */
  forgetOffsets(group: string): void {
    for (const name of this.offsets.keys()) if (name.startsWith(`${group} `)) this.offsets.delete(name)
    for (const member of this.members.get(group) ?? []) member.reset()
    this.rebalance(group)
  }

  /** How far each group is behind the end of what it reads, by where its readers are: their offsets may follow later. */
  lags(): { group: string; topic: string; partition: number; behind: number }[] {
    return [...this.members].flatMap(([group, members]) =>
      (members[0]?.topics ?? []).flatMap((topic) =>
        this.partitions(topic).map((records, partition) => {
          const owner = members.find((member) => this.owns(member, topic, partition))
          const at = owner?.positionOf(topic, partition) ?? this.offset(group, topic, partition)
          return { group, topic, partition, behind: records.length - at }
        }),
      ),
    )
  }

  groups(): string[] {
    return [...this.members.keys()]
  }

  /** The records from `length` on are gone, acknowledged or not, and with them how far a group was that had read them. */
  truncate(topic: string, partition: number, length: number): void {
    this.partitions(topic)[partition]!.length = length
    this.timesOf(topic, partition).length = length
    for (const group of this.members.keys()) if (this.offset(group, topic, partition) > length) this.commit(group, topic, partition, 0)
    for (const members of this.members.values()) for (const member of members) member.cut(topic, partition, length)
  }

  /** Whether every group that reads the topic is past this record. */
  wasReadByAll(topic: string, partition: number, offset: number): boolean {
    return this.readersOf(topic).every(({ group }) => this.offset(group, topic, partition) > offset)
  }

  private timesOf(topic: string, partition: number): number[] {
    const name = `${topic} ${partition}`
    let times = this.times.get(name)
    if (times === undefined) this.times.set(name, (times = []))
    return times
  }

  private readersOf(topic: string): readonly Assignee[] {
    let readers = this.readers.get(topic)
    if (readers === undefined)
      this.readers.set(topic, (readers = [...this.members.values()].flat().filter((member) => member.topics.includes(topic))))
    return readers
  }

  private rebalance(group: string): void {
    this.readers.clear()
    for (const member of this.members.get(group) ?? []) member.look()
  }
}
