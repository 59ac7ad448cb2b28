import type { Clock } from '#libs/platform'
import { BOT_INTAKE, FRAME_INTAKE, Intake, READER_INTAKE, UnfinishedMessage } from '#libs/platform'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'

/** How long one frame may take to arrive, and all frames of one message; how often that is checked. Acknowledgements are a few KiB. */
const FRAME_MS = 5_000
const MESSAGE_MS = 8_000
const CHECK_MS = 2_000
/** Bytes of messages that have not ended, of all readers of a process: sixteen of the largest. */
const MAX_UNFINISHED_BYTES = 32 * 1024 * 1024

let unfinishedBytes = 0

/** Calls `onExcess` when what a client sends does not end in time, or all that has not ended is too much together. */
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
    if (frameMs >= FRAME_MS || messageMs >= MESSAGE_MS) onExcess()
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
 * Calls `onExcess` once when a client sends more than its kind may. Frames of every kind count, pings too, and so do bare bytes: parts of
 * a message that never ends are no frame to anybody, yet each has to be parsed.
 */
export function watchIntake(client: WebSocket, raw: Duplex, named: boolean, clock: Clock, onExcess: () => void): void {
  const now = (): number => clock.now().getTime()
  const frames = new Intake(FRAME_INTAKE, now)
  const bytes = new Intake(named ? BOT_INTAKE : READER_INTAKE, now)
  let exceeded = false
  const judge = (within: boolean): void => {
    if (within || exceeded) return
    exceeded = true
    onExcess()
  }
  for (const kind of ['message', 'ping', 'pong'] as const) client.on(kind, () => judge(frames.take(1)))
  raw.on('data', (chunk: Buffer) => judge(bytes.take(chunk.length)))
  watchUnfinished(raw, clock, () => judge(false))
}
