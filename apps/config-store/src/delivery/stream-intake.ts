import type { Clock } from '#libs/platform'
import { BOT_INTAKE, FRAME_INTAKE, Intake, READER_INTAKE } from '#libs/upgrade'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'

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
}
