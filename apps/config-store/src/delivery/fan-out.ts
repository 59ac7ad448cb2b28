import type { PreparedFrame } from '../copy/prepared-frame.js'
import type { Envelope } from '#libs/contracts'
import type { StableHeads, Subset } from '../copy/stable-heads.js'

/** Receivers served per turn of the event loop: reads stay fast during a broadcast. */
export const SLICE = 250

export interface Receiver {
  /** Policies of a reader that follows only some; missing for a reader of all policies. */
  readonly subset?: Subset
  send(frame: PreparedFrame): void
}

/** Returns the frame for a reader of a few policies; `undefined` for none. Called when the reader's turn comes. */
export type PartOf = (subset: Subset) => PreparedFrame | undefined

interface Entry<R> {
  frame: PreparedFrame | undefined
  partOf: PartOf
  targets: R[]
}

/** Sends one prepared frame to many receivers in slices; frames of one receiver keep their order. */
export class FanOut<R extends Receiver> {
  private readonly receivers = new Set<R>()
  private readonly queue: Entry<R>[] = []
  private sending = false

  add(receiver: R): void {
    this.receivers.add(receiver)
  }

  /** Returns `false` if the receiver was absent. */
  delete(receiver: R): boolean {
    return this.receivers.delete(receiver)
  }

  all(): R[] {
    return [...this.receivers]
  }

  /** Queues a frame for readers of all policies; `undefined` sends them nothing. `partOf`: the frame for readers of a few policies. */
  broadcast(frame: PreparedFrame | undefined, partOf: PartOf = () => frame): void {
    // A receiver that joins later starts from a state that includes this frame: an older revision must not follow a newer one.
    this.queue.push({ frame, partOf, targets: this.all() })
    if (this.sending) return
    this.sending = true
    setImmediate(() => this.sendNext())
  }

  private sendNext(): void {
    const entry = this.queue.shift()
    if (entry === undefined) this.sending = false
    else this.sendSlice(entry, 0)
  }

  private sendSlice(entry: Entry<R>, start: number): void {
    const { targets, frame, partOf } = entry
    for (const receiver of targets.slice(start, start + SLICE)) {
      if (!this.receivers.has(receiver)) continue
      const own = receiver.subset === undefined ? frame : partOf(receiver.subset)
      if (own !== undefined) receiver.send(own)
    }
    setImmediate(() => (start + SLICE < targets.length ? this.sendSlice(entry, start + SLICE) : this.sendNext()))
  }
}

/** Freshness statement as published. `heads`: the stable heads that it covers; missing while this instance does not have them. */
export interface Statement {
  envelope: Envelope
  heads?: StableHeads
}

interface Group {
  readers: number
  envelope?: Envelope
  /** Digest of the heads of the last sent proofs. */
  provenDigest?: string
}

/**
 * Freshness statements sent to readers that follow only some policies, grouped by these policies. Changes of other policies are not sent to
 * them; the next heartbeat contains the new statement, with a proof for each of their policies.
 */
export class SubsetFreshness {
  private readonly groups = new Map<string, Group>()

  /** Adds the first statement for a new reader. */
  join(subset: Subset, frame: PreparedFrame, statement: Statement | undefined): PreparedFrame {
    const group = this.groups.get(subset.key) ?? record({ readers: 0 }, statement)
    group.readers++
    this.groups.set(subset.key, group)
    return frame.withFreshness(statement?.envelope, statement?.heads?.proofsFor(subset))
  }

  leave({ key }: Subset): void {
    const group = this.groups.get(key)
    if (group !== undefined && --group.readers === 0) this.groups.delete(key)
  }

  /** Adds the part of the statement that the group has not received. */
  with(subset: Subset, frame: PreparedFrame, statement: Statement | undefined): PreparedFrame {
    const group = this.groups.get(subset.key)
    if (group === undefined || statement === undefined || group.envelope === statement.envelope) return frame
    const { envelope, heads } = statement
    const needsNoProofs = heads === undefined || heads.digest === group.provenDigest
    record(group, statement)
    return frame.withFreshness(envelope, needsNoProofs ? undefined : heads.proofsFor(subset))
  }
}

function record(group: Group, statement: Statement | undefined): Group {
  if (statement === undefined) return group
  group.envelope = statement.envelope
  if (statement.heads !== undefined) group.provenDigest = statement.heads.digest
  return group
}

/** Caches one frame for all readers of the same policies, made when the first of them is served. */
export function oncePerSubset(partOf: PartOf): PartOf {
  const frames = new Map<string, PreparedFrame | undefined>()
  return (subset) => {
    if (!frames.has(subset.key)) frames.set(subset.key, partOf(subset))
    return frames.get(subset.key)
  }
}
