import { BOT_INTAKE, type Clock, FRAME_INTAKE, Intake, READER_INTAKE, UnfinishedMessage } from '#libs/platform'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'

/** Time in ms for one frame to arrive, for all frames of one message, and between checks. Acknowledgements are a few KiB. */
const FRAME_MS = 5_000
const MESSAGE_MS = 8_000
const CHECK_MS = 2_000
/** Limit of bytes in unfinished messages of all readers of a process: sixteen of the largest. */
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
 * Calls `onExcess` once when a client sends more than its kind may. Frames of every kind count, pings too, and so do bare bytes: fragments
 * of a message that never ends are no complete frame, yet each has to be parsed.
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
