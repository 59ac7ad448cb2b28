import { Agent as HttpAgent, type ClientRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { readText, SILENCE_MS } from '#libs/contracts'
import { reasonOf } from '../../api/unreachable.js'
import type { Timer } from '../../clock.js'
import { httpGet, readRefusal } from './http-get.js'
import { parseFrame } from '../parse-frame.js'
import {
  addressOf,
  headersOf,
  isForeignAnswer,
  isUnreachable,
  MAX_FRAME_BYTES,
  type Target,
  type SessionEnd,
  type Transport,
} from './transport.js'

export const POLL_MS = 5_000

/**
 * Transport over `GET /v1/snapshot?revision=N` with `If-None-Match`, for networks whose proxy buffers incomplete responses. A poll returns
 * the missed changes, or 304, which counts as a heartbeat.
 */
export function polling(target: Target): Transport {
  return {
    firstMs: SILENCE_MS,
    // One pause plus the response time.
    silenceMs: POLL_MS + SILENCE_MS,
    open(ask, events) {
      const agent = new (target.url.startsWith('https:') ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 1 })
      let { revision } = ask
      let mark: string | undefined
      let call: ClientRequest | undefined
      let pause: Timer | undefined
      let isOver = false
      const over = (end: SessionEnd): void => {
        if (isOver) return
        isOver = true
        pause?.cancel()
        call?.destroy()
        agent.destroy()
        events.closed(end)
      }
      const take = async (response: IncomingMessage): Promise<void> => {
        if (response.statusCode !== 200 && response.statusCode !== 304) {
          const error = await readRefusal(target.url, response)
          return over({ reason: error.message, refused: error, blocked: isForeignAnswer(error) })
        }
        const text = await readText(response, MAX_FRAME_BYTES)
        if (isOver) return
        const frame = parseFrame(response.statusCode === 304 ? JSON.stringify({ type: 'heartbeat', revision }) : text)
        revision = frame.revision
        mark = response.headers.etag ?? mark
        events.frame(frame)
        if (!isOver) pause = target.clock.after(POLL_MS, poll)
      }
      const poll = (): void => {
        const address = addressOf(target, '/v1/snapshot', revision)
        const known: Record<string, string> = mark === undefined || revision === undefined ? {} : { 'if-none-match': mark }
        call = httpGet(address, { ...headersOf(target, { ...ask, atLeast: revision ?? ask.atLeast }), ...known }, agent)
        call.on('response', (response) => {
          take(response).catch((error: unknown) => over({ reason: reasonOf(error), damaged: true }))
        })
        call.on('error', (error) => over({ reason: reasonOf(error), blocked: !isUnreachable(error) }))
      }
      poll()
      const drop = (): void => over({ reason: 'the connection was dropped' })
      return {
        get received() {
          return call?.socket?.bytesRead ?? 0
        },
        send: () => {},
        drop,
        close: async () => drop(),
      }
    },
  }
}
