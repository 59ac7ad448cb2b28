const [TWO_BYTES, EIGHT_BYTES] = [126, 127]
const MASK_BYTES = 4
const MAX_HEAD = 14
const CONTROL = 0x8

/**
 * Tracks a client's frames by their heads (RFC 6455 §5.2): since when a frame, or a message of several frames, is unfinished. A ping
 * between two fragments does not end the message, and `bytes` does not include a completed ping. `now` in ms.
 */
export class UnfinishedMessage {
  /** Bytes of the unfinished message and frame. */
  bytes = 0
  private frameSince: number | undefined
  private messageSince: number | undefined
  private readonly head: number[] = []
  private left = 0

  constructor(private readonly now: () => number) {}

  /** Age of the unfinished frame in ms; `undefined` if every frame is complete. */
  get frameMs(): number | undefined {
    return this.frameSince === undefined ? undefined : this.now() - this.frameSince
  }

  get messageMs(): number | undefined {
    return this.messageSince === undefined ? undefined : this.now() - this.messageSince
  }

  take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      this.frameSince ??= this.now()
      if (this.left > 0) {
        const part = Math.min(this.left, chunk.length - at)
        this.left -= part
        this.bytes += part
        at += part
        if (this.left === 0) this.endFrame()
        continue
      }
      this.head.push(chunk[at++]!)
      const length = this.payloadLength()
      if (length === undefined) continue
      this.left = length
      if (length === 0) this.endFrame()
    }
  }

  /** Returns the length of the payload once the head is complete. */
  private payloadLength(): number | undefined {
    const [, second = 0] = this.head
    const short = second & 0x7f
    const extended = short === TWO_BYTES ? 2 : short === EIGHT_BYTES ? 8 : 0
    const masked = (second & 0x80) === 0 ? 0 : MASK_BYTES
    if (this.head.length < 2 || this.head.length < Math.min(MAX_HEAD, 2 + extended + masked)) return undefined
    return extended === 0 ? short : this.head.slice(2, 2 + extended).reduce((sum, byte) => sum * 256 + byte, 0)
  }

  private endFrame(): void {
    const length = this.payloadLength()!
    const [first = 0] = this.head.splice(0)
    const since = this.frameSince
    this.frameSince = undefined
    if ((first & CONTROL) !== 0) return void (this.bytes -= length) // guard: control-frame-bytes
    this.messageSince = (first & 0x80) === 0 ? (this.messageSince ?? since) : undefined
    if (this.messageSince === undefined) this.bytes = 0
  }
}
