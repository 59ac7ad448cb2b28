import type { ServerResponse } from 'node:http'
import { MAX_UNREAD_BYTES, type Follower } from './broadcast.js'
import type { PreparedFrame } from '../copy/prepared-frame.js'
import type { Subset } from '../copy/subset.js'

/** Reader over Server-Sent Events. */
export class EventFollower implements Follower {
  readonly kind = 'events'
  private allowedBytes = MAX_UNREAD_BYTES

  constructor(
    private readonly response: ServerResponse,
    readonly subset?: Subset,
  ) {}

  /** Sends the first frame. It is as large as the store, and does not count as unread. */
  open(frame: PreparedFrame): void {
    this.allowedBytes += frame.serverSentEvent.length
    this.send(frame)
  }

  send(frame: PreparedFrame): void {
    if (!this.response.writable) return
    if (this.response.writableLength > this.allowedBytes) this.response.destroy()
    else this.response.write(frame.serverSentEvent)
  }

  end(goodbye: PreparedFrame): void {
    this.response.end(goodbye.serverSentEvent)
  }
}
