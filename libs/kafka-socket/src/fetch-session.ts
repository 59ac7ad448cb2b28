/** A partition as kafkajs asks for it. */
export interface WantedPartition {
  partition: number
  fetchOffset: string
  maxBytes: number
}

export interface WantedTopic {
  topic: string
  partitions: readonly WantedPartition[]
}

/** What a Fetch request of version 7 or later has for its session (KIP-227). */
export interface SessionPart {
  sessionId: number
  sessionEpoch: number
  topics: WantedTopic[]
  forgottenTopics: { topic: string; partitions: number[] }[]
}

const MAX_EPOCH = 0x7fff_ffff

/**
 * What a broker remembers of a reader's fetches: it is told what differs from the last one, and answers with the partitions that have
 * something to say. Epoch 0 tells all and begins a session; the next ones count.
 */
export class FetchSession {
  private id = 0
  private epoch = 0
  private told = new Map<string, WantedPartition>()

  /** The next request for all these. Exactly one of `answered` and `failed` follows before the next. */
  next(topics: readonly WantedTopic[]): SessionPart {
    const before = this.epoch === 0 ? new Map<string, WantedPartition>() : this.told
    const changed: WantedTopic[] = []
    this.told = new Map()
    for (const { topic, partitions } of topics) {
      const mine = partitions.filter((wanted) => {
        const key = `${topic}:${wanted.partition}`
        this.told.set(key, wanted)
        return !isSame(wanted, before.get(key))
      })
      if (mine.length > 0) changed.push({ topic, partitions: mine })
    }
    return { sessionId: this.id, sessionEpoch: this.epoch, topics: changed, forgottenTopics: this.missingFrom(before) }
  }

  /** `false`: the broker knows nothing of the session any more, and the request is to be made again. */
  answered({ errorCode, sessionId }: { errorCode: number; sessionId: number }): boolean {
    if (errorCode !== 0 || sessionId === 0) this.id = this.epoch = 0
    else {
      this.id = sessionId
      this.epoch = this.epoch === MAX_EPOCH ? 1 : this.epoch + 1
    }
    return errorCode === 0
  }

  /** Whether the broker heard the request is not known: the next one ends the session and begins another. */
  failed(): void {
    this.epoch = 0
  }

  private missingFrom(before: ReadonlyMap<string, WantedPartition>): SessionPart['forgottenTopics'] {
    const missing = new Map<string, number[]>()
    for (const [key, { partition }] of before) {
      if (this.told.has(key)) continue
      const topic = key.slice(0, key.lastIndexOf(':'))
      const mine = missing.get(topic)
      if (mine === undefined) missing.set(topic, [partition])
      else mine.push(partition)
    }
    return [...missing].map(([topic, partitions]) => ({ topic, partitions }))
  }
}

function isSame(wanted: WantedPartition, before: WantedPartition | undefined): boolean {
  return before !== undefined && before.fetchOffset === wanted.fetchOffset && before.maxBytes === wanted.maxBytes
}
