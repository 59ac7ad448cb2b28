import type { ServerResponse } from 'node:http'

/** Frames name versions and carry no documents; a reader that is this far behind does not read. */
const MAX_UNREAD_BYTES = 64 * 1024

/** One reader of events. What it leaves unread is bounded: beyond that it is cut off, comes again, and is told what is in force. */
export class Subscriber {
  private allowedBytes = MAX_UNREAD_BYTES

  constructor(private readonly response: ServerResponse) {}

  /** The first frame is as large as the list of policies is, and does not count. */
  open(first: Buffer): void {
    this.allowedBytes += first.length
    this.send(first)
  }

  send(bytes: Buffer): void {
    if (!this.response.writable) return
    if (this.response.writableLength > this.allowedBytes) this.response.destroy()
    else this.response.write(bytes)
  }

  end(): void {
    this.response.end()
  }
}
