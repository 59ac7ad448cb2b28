import type { PreparedFrame } from '../copy/prepared-frame.js'
import type { Subset } from '../copy/subset.js'

/** Receivers served per turn of the event loop: reads stay fast while a change goes out. */
export const SLICE = 250

export interface Receiver {
  /** Of a reader of a few policies. */
  readonly subset?: Subset
  send(frame: PreparedFrame): void
}

/** What a reader of a few policies gets instead; `undefined` for nothing. Asked when its turn comes. */
export type PartOf = (subset: Subset) => PreparedFrame | undefined

interface Entry<R> {
  frame: PreparedFrame | undefined
  partOf: PartOf
  targets: R[]
}

/** Sends one prepared frame to many receivers in slices; frames of the same receiver keep their order. */
export class FanOut<R extends Receiver> {
  private readonly receivers = new Set<R>()
  private readonly queue: Entry<R>[] = []
  private sending = false

  add(receiver: R): void {
    this.receivers.add(receiver)
  }

  /** `false` when it was not there. */
  delete(receiver: R): boolean {
    return this.receivers.delete(receiver)
  }

  all(): R[] {
    return [...this.receivers]
  }

  /** `undefined`: nothing for readers of all policies. */
  broadcast(frame: PreparedFrame | undefined, partOf: PartOf = () => frame): void {
    // Anyone who joins later is given a state that holds this frame already: an older revision must not follow a newer one.
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
