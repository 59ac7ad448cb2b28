import { HmsError } from '#libs/contracts'

export interface ServerSentEvent {
  event: string
  data: string
  /** Last id of the stream, this event's own or an earlier one. */
  id: string
}

/** Limit in bytes for events that are no frames, which have their own limit. */
export const MAX_SSE_EVENT_BYTES = 16 * 1024 * 1024

/**
 * Parses server-sent events (WHATWG HTML §9.2.6) from text chunks cut anywhere. Lines end in LF, CR or CRLF. Throws `HMS_STREAM_OVERSIZED`
 * when a line or an event's data exceeds `maxBytes`: a stream without line ends, or with only empty data, must not exhaust memory.
 */
export class SseParser {
  private line = ''
  private lineBytes = 0
  private lastWasCr = false
  private started = false
  private data: string[] = []
  private dataBytes = 0
  private event = ''
  private id = ''

  constructor(private readonly maxBytes = MAX_SSE_EVENT_BYTES) {}

  push(chunk: string): ServerSentEvent[] {
    const events: ServerSentEvent[] = []
    let from = 0
    if (!this.started && chunk !== '') {
      this.started = true
      if (chunk.startsWith('\uFEFF')) from = 1
    }
    for (let at = from; at < chunk.length; at++) {
      const code = chunk.charCodeAt(at)
      if (code !== LF && code !== CR) {
        this.lastWasCr = false
        continue
      }
      if (code === LF && this.lastWasCr) {
        // Second half of a CRLF, possibly split over two chunks.
        this.lastWasCr = false
        from = at + 1
        continue
      }
      this.lastWasCr = code === CR
      this.grow(chunk.slice(from, at))
      from = at + 1
      const event = this.endLine()
      if (event !== undefined) events.push(event)
    }
    this.grow(chunk.slice(from))
    return events
  }

  private grow(text: string): void {
    this.lineBytes += Buffer.byteLength(text)
    if (this.lineBytes > this.maxBytes) throw oversized(this.maxBytes)
    this.line += text
  }

  private endLine(): ServerSentEvent | undefined {
    const { line, lineBytes } = this
    this.line = ''
    this.lineBytes = 0
    if (line === '') return this.dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) return undefined
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'event') this.event = value
    if (field === 'id' && !value.includes('\0')) this.id = value
    if (field === 'data') this.addData(value, lineBytes + 1)
    return undefined
  }

  private addData(value: string, bytes: number): void {
    // Counted as sent; otherwise empty data lines would be free.
    this.dataBytes += bytes
    if (this.dataBytes > this.maxBytes) throw oversized(this.maxBytes)
    this.data.push(value)
  }

  private dispatch(): ServerSentEvent | undefined {
    const event = this.data.length === 0 ? undefined : { event: this.event || 'message', data: this.data.join('\n'), id: this.id }
    this.data = []
    this.dataBytes = 0
    this.event = ''
    return event
  }
}

const LF = 0x0a
const CR = 0x0d

function oversized(limit: number): HmsError {
  return new HmsError('HMS_STREAM_OVERSIZED', `an event is larger than ${limit} bytes`, { status: 502 })
}
