import type { ServerResponse } from 'node:http'

/** Limit of unread bytes. Frames name versions and contain no documents; a reader this far behind does not read. */
const MAX_UNREAD_BYTES = 64 * 1024

/** Reader of events. Its unread bytes are limited: above the limit it is disconnected, reconnects, and gets the policies in force. */
export class Subscriber {
  private allowedBytes = MAX_UNREAD_BYTES

  constructor(private readonly response: ServerResponse) {}

  /** Sends the first frame, which is as large as the list of policies, and does not count as unread. */
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
