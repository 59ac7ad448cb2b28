import { BOT_INTAKE, type Clock, FRAME_INTAKE, Intake, READER_INTAKE, UnfinishedMessage } from '#libs/platform'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { MAX_UNREAD_BYTES, type Follower } from './broadcast.js'
import type { PreparedFrame } from '../copy/prepared-frame.js'
import type { Subset } from '../copy/stable-heads.js'

const GOING_AWAY = 1001
const POLICY_VIOLATION = 1008
const TRY_AGAIN_LATER = 1013
/** Timeout in ms for a peer that does not answer the closing handshake. */
const CLOSING_MS = 500
/** Heartbeats per ping. A heartbeat has no response, so a named bot is also pinged, about every ten seconds. */
const HEARTBEATS_PER_PING = 5
/** Unanswered pings after which a named bot counts as gone: its host may have died without a FIN. */
const MAX_UNANSWERED = 3

/** Reader over WebSocket. */
export class StreamSocket implements Follower {
  readonly kind = 'stream'
  private allowedBytes = MAX_UNREAD_BYTES
  private heartbeats = 0
  private unanswered = 0

  constructor(
    private readonly client: WebSocket,
    private readonly raw: Duplex,
    private readonly clock: Clock,
    /** Whether the reader is a named bot: it is counted, so it has to answer pings. */
    readonly named: boolean,
    readonly subset?: Subset,
  ) {
    client.on('pong', () => this.markAlive())
  }

  /** Sends the first frame. It is as large as the store, and does not count as unread. */
  open(frame: PreparedFrame): void {
    this.allowedBytes += frame.wire.length
    this.send(frame)
  }

  send(frame: PreparedFrame): void {
    if (!this.isOpen) return
    if (this.client.bufferedAmount > this.allowedBytes) return this.client.close(TRY_AGAIN_LATER, 'too slow')
    // Bypasses `ws`, which would frame the text again for each reader. `ws` buffers nothing without compression, so the order is kept.
    this.raw.write(frame.wire)
    if (this.named && frame.frame.type === 'heartbeat' && ++this.heartbeats % HEARTBEATS_PER_PING === 0) this.pingOrTerminate()
  }

  markAlive(): void {
    this.unanswered = 0
  }

  /** Closes the connection of a client that sends forbidden data, and reads nothing more from it. */
  refuse(reason: string): void {
    this.client.close(POLICY_VIOLATION, reason)
    this.cut()
  }

  /** Closes the connection because its key was revoked or expired. */
  expel(): void {
    this.client.close(POLICY_VIOLATION, 'the key was revoked or has expired')
    this.clock.after(CLOSING_MS, () => this.client.terminate())
  }

  /** Ends the connection once sent data is flushed. Does not wait for the peer or read on: parsing a flood helps its sender. */
  cut(): void {
    this.client.pause()
    this.raw.end(() => this.raw.destroy())
    this.clock.after(CLOSING_MS, () => this.client.terminate())
  }

  closeUnavailable(): void {
    this.client.close(TRY_AGAIN_LATER, 'try again later')
  }

  end(goodbye: PreparedFrame): void {
    this.send(goodbye)
    this.client.close(GOING_AWAY, 'the server stops')
    this.clock.after(CLOSING_MS, () => this.client.terminate())
  }

  get isOpen(): boolean {
    return this.client.readyState === this.client.OPEN
  }

  private pingOrTerminate(): void {
    if (this.unanswered++ >= MAX_UNANSWERED) this.client.terminate()
    else this.client.ping()
  }
}

/** Time limits in ms of one frame and of one message, and the check interval. Bots send only acknowledgements of a few KiB. */
const FRAME_MS = 5_000
const MESSAGE_MS = 8_000
const CHECK_MS = 2_000
/** Limit of bytes in unfinished messages of all readers of a process: sixteen messages of the largest size. */
const MAX_UNFINISHED_BYTES = 32 * 1024 * 1024

let unfinishedBytes = 0

/** Calls `onExcess` when a client's message does not end in time, or all unfinished messages together exceed the limit. */
function watchUnfinished(raw: Duplex, clock: Clock, onExcess: () => void): void {
  const message = new UnfinishedMessage(() => clock.elapsedMs())
  let counted = 0
  let cancel: (() => void) | undefined
  const count = (bytes: number): void => {
    unfinishedBytes += bytes - counted
    counted = bytes
  }
  const check = (): void => {
    cancel = undefined
    const { frameMs = 0, messageMs = 0 } = message
    if (frameMs >= FRAME_MS || messageMs >= MESSAGE_MS) onExcess() // guard: endless-message
    else if (frameMs > 0 || messageMs > 0) cancel = clock.after(CHECK_MS, check)
  }
  raw.on('data', (chunk: Buffer) => {
    message.take(chunk)
    count(message.bytes)
    if (unfinishedBytes > MAX_UNFINISHED_BYTES) onExcess()
    else if (message.frameMs !== undefined || message.messageMs !== undefined) cancel ??= clock.after(CHECK_MS, check)
  })
  raw.once('close', () => {
    cancel?.()
    count(0)
  })
}

/**
 * Calls `onExcess` once when a client exceeds the limits of its kind of reader, named bot or anonymous. Frames of every kind count, also
 * pings. Raw bytes count too: `ws` reports no fragments of a message that never ends, but it has to parse each fragment.
 */
export function limitIntake(client: WebSocket, raw: Duplex, named: boolean, clock: Clock, onExcess: () => void): void {
  const now = (): number => clock.now().getTime()
  const frames = new Intake(FRAME_INTAKE, now)
  const bytes = new Intake(named ? BOT_INTAKE : READER_INTAKE, now)
  let exceeded = false
  const check = (within: boolean): void => {
    if (within || exceeded) return
    exceeded = true
    onExcess()
  }
  for (const kind of ['message', 'ping', 'pong'] as const) client.on(kind, () => check(frames.take(1))) // guard: stream-frame-rate
  raw.on('data', (chunk: Buffer) => check(bytes.take(chunk.length))) // guard: stream-bytes
  watchUnfinished(raw, clock, () => check(false))
}
