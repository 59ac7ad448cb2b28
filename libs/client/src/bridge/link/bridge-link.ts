import { backoffMs } from '../../backoff.js'
import type { Clock, Timer } from '../../clock.js'
import { reasonOf } from '../../api/unreachable.js'
import type { LinkFailure, StreamRequest, Transport } from './transport.js'

export interface BridgeLinkOptions {
  /** In order of preference; the next is tried when one yields no frame. */
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
/** Duration after which a connection counts as healthy: the next wait starts small again. */
const HEALTHY_MS = 10_000

/** Keeps one connection, reconnecting for ever with growing waits. If a proxy blocks WebSockets, server-sent events are used. */
export class BridgeLink {
  /** Bytes of all connections so far, as far as transports report them. */
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
      // A page's content security policy makes this throw synchronously.
      this.end({ reason: reasonOf(error) })
    }
  }

  /** Drops the connection and reconnects. */
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
