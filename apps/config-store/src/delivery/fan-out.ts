import type { PreparedFrame } from '../copy/prepared-frame.js'

/** Receivers served per turn of the event loop: reads stay fast while a change goes out. */
export const SLICE = 250

export interface Receiver {
  send(frame: PreparedFrame): void
}

/** Sends one prepared frame to many receivers in slices; frames of the same receiver keep their order. */
export class FanOut<R extends Receiver> {
  private readonly receivers = new Set<R>()
  private readonly queue: { frame: PreparedFrame; targets: R[] }[] = []
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

  broadcast(frame: PreparedFrame): void {
    // Anyone who joins later is given a state that holds this frame already: an older revision must not follow a newer one.
    this.queue.push({ frame, targets: this.all() })
    if (this.sending) return
    this.sending = true
    setImmediate(() => this.next())
  }

  private next(): void {
    const entry = this.queue.shift()
    if (entry === undefined) this.sending = false
    else this.slice(entry.frame, entry.targets, 0)
  }

  private slice(frame: PreparedFrame, targets: R[], start: number): void {
    for (const receiver of targets.slice(start, start + SLICE)) if (this.receivers.has(receiver)) receiver.send(frame)
    setImmediate(() => (start + SLICE < targets.length ? this.slice(frame, targets, start + SLICE) : this.next()))
  }
}
