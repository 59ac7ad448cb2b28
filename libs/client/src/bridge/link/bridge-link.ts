import { backoffMs } from '../../backoff.js'
import type { Clock, Timer } from '../../clock.js'
import { reasonOf } from '../../api/unreachable.js'
import type { LinkFailure, StreamRequest, Transport } from './transport.js'

export interface BridgeLinkOptions {
  /** The best first; the next one is tried when one brings nothing. */
  transports: readonly Transport[]
  clock: Clock
  random?: () => number
}

export interface BridgeLinkEvents {
  request(): StreamRequest
  opened(): void
  text(text: string): void
  down(failure: LinkFailure): void
}

const HANDSHAKE_MS = 5_000
/** A connection that held this long was a good one: the next wait starts small again. */
const HEALTHY_MS = 10_000

/** One connection, dialled again for ever with growing waits. A proxy that lets no WebSocket through still lets events through. */
export class BridgeLink {
  /** Bytes of all connections so far, as far as transports show them. */
  received = 0
  private current: { close(): void } | undefined
  private timer: Timer | undefined
  private attempt = 0
  private turn = 0
  private openedAt: number | undefined
  private heard = false
  private stopped = false

  constructor(
    private readonly options: BridgeLinkOptions,
    private readonly events: BridgeLinkEvents,
  ) {}

  start(): void {
    const { transports, clock } = this.options
    this.openedAt = undefined
    this.heard = false
    this.timer = clock.after(HANDSHAKE_MS, () => this.end({ reason: 'no answer in time' }))
    try {
      this.current = this.open(transports[this.turn % transports.length]!)
    } catch (error) {
      // What a page's own policy forbids is thrown at once.
      this.end({ reason: reasonOf(error) })
    }
  }

  /** Drops the connection and dials again. */
  reconnect(failure: LinkFailure): void {
    if (this.current !== undefined) this.end(failure)
  }

  stop(): void {
    this.stopped = true
    this.timer?.cancel()
    this.current?.close()
    this.current = undefined
  }

  private open(transport: Transport): { close(): void } {
    const { clock } = this.options
    return transport.open(this.events.request(), {
      opened: () => {
        this.timer?.cancel()
        this.openedAt = clock.elapsed()
        this.events.opened()
      },
      received: (bytes) => void (this.received += bytes),
      text: (text) => {
        this.heard = true
        this.events.text(text)
      },
      closed: (failure) => this.end(failure),
    })
  }

  private end(failure: LinkFailure): void {
    if (this.stopped) return
    const { clock, random } = this.options
    this.timer?.cancel()
    this.current?.close()
    this.current = undefined
    if (this.openedAt !== undefined && clock.elapsed() - this.openedAt >= HEALTHY_MS) this.attempt = 0
    this.turn = this.heard ? 0 : this.turn + 1
    this.timer = clock.after(failure.leaveMs ?? backoffMs(this.attempt++, random), () => this.start())
    this.events.down(failure)
  }
}
