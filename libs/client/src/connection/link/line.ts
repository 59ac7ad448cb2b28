import { reasonOf } from '../../api/unreachable.js'
import { parseFrame } from '../parse-frame.js'
import type { Session, SessionEnd, SessionEvents } from './transport.js'

/** One session of a transport: delivers frames until it ends, once. `shut` closes its parts; `bytesRead` returns the bytes received. */
export class Line implements Session {
  /** Bytes received, where the transport counts them. */
  counted = 0
  frames = 0
  isOver = false

  constructor(
    private readonly events: SessionEvents,
    private readonly shut: () => void,
    private readonly bytesRead?: () => number,
  ) {}

  get received(): number {
    return this.bytesRead?.() ?? this.counted
  }

  opened(): void {
    if (!this.isOver) this.events.opened()
  }

  /** Delivers a frame. One that is invalid, or cannot be applied, ends the session as damaged. */
  take(text: string): void {
    this.frames++
    try {
      this.events.frame(parseFrame(text))
    } catch (error) {
      this.end({ reason: reasonOf(error), damaged: true, error: error as Error })
    }
  }

  end(end: SessionEnd): void {
    if (this.isOver) return
    this.drop()
    this.events.closed(end)
  }

  /** Only the stream acknowledges. */
  send(): void {}

  drop(): void {
    this.isOver = true
    this.shut()
  }

  async close(): Promise<void> {
    this.drop()
  }
}
