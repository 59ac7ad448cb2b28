import type { PreparedFrame } from '../copy/prepared-frame.js'
import type { Subset } from '../copy/subset.js'

/** Receivers served per turn of the event loop: reads stay fast during a broadcast. */
export const SLICE = 250

export interface Receiver {
  /** Subset of a reader of a few policies. */
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

  /** Queues a frame. `undefined`: nothing for readers of all policies. */
  broadcast(frame: PreparedFrame | undefined, partOf: PartOf = () => frame): void {
    // A receiver that joins later starts from a state that includes this frame: an older revision must not follow a newer one.
    this.queue.push({ frame, partOf, targets: this.all() })
    if (this.sending) return
    this.sending = true
    setImmediate(() => this.next())
  }

  private next(): void {
    const entry = this.queue.shift()
    if (entry === undefined) this.sending = false
    else this.slice(entry, 0)
  }

  private slice(entry: Entry<R>, start: number): void {
    const { targets, frame, partOf } = entry
    for (const receiver of targets.slice(start, start + SLICE)) {
      if (!this.receivers.has(receiver)) continue
      const own = receiver.subset === undefined ? frame : partOf(receiver.subset)
      if (own !== undefined) receiver.send(own)
    }
    setImmediate(() => (start + SLICE < targets.length ? this.slice(entry, start + SLICE) : this.next()))
  }
}
