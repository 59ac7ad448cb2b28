import { Agent as HttpAgent, request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { readText, SILENCE_MS, type HmsError } from '#libs/contracts'
import { errorOfResponse } from '../../api/problem-to-error.js'
import { sseParser, type SseParser } from '../../api/sse-parser.js'
import { reasonOf } from '../../api/unreachable.js'
import type { Timer } from '../../clock.js'
import { parseFrame } from '../parse-frame.js'
import {
  addressOf,
  headersOf,
  isForeignAnswer,
  isUnreachable,
  MAX_FRAME_BYTES,
  MAX_REFUSAL_BYTES,
  type Session,
  type SessionEnd,
  type SessionEvents,
  type Target,
  type Transport,
} from './transport.js'

export const POLL_MS = 5_000

/** Transport over `GET /v1/events`, for networks whose proxy blocks WebSockets. */
export function serverSentEvents(target: Target): Transport {
  return {
    firstMs: SILENCE_MS,
    silenceMs: SILENCE_MS,
    open(ask, events) {
      const address = addressOf(target, '/v1/events', ask.revision)
      const call = httpGet(address, { ...headersOf(target, ask), accept: 'text/event-stream' }, false)
      let received = 0
      let frames = 0
      const exchange = new Exchange(events, () => call.destroy())
      const take = (text: string, parser: SseParser): void => {
        try {
          for (const { data } of parser.push(text)) {
            if (exchange.isOver) return
            frames++
            events.frame(parseFrame(data))
          }
        } catch (error) {
          exchange.end({ reason: reasonOf(error), damaged: true })
        }
      }
      const read = (response: IncomingMessage): void => {
        events.opened()
        const parser = sseParser(MAX_FRAME_BYTES)
        const decoder = new TextDecoder()
        response.on('data', (chunk: Buffer) => {
          received += chunk.length
          take(decoder.decode(chunk, { stream: true }), parser)
        })
        response.on('close', () => exchange.end({ reason: 'the connection was closed', blocked: frames === 0 }))
      }
      call.on('response', (response) => {
        response.on('error', (error) => exchange.end({ reason: reasonOf(error), blocked: frames === 0 }))
        if (response.statusCode === 200 && /^text\/event-stream\b/.test(response.headers['content-type'] ?? '')) read(response)
        else void exchange.refuse(target.url, response)
      })
      call.on('error', (error) => exchange.end({ reason: reasonOf(error), blocked: frames === 0 && !isUnreachable(error) }))
      return exchange.session(() => received)
    },
  }
}

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
      const exchange = new Exchange(events, () => {
        pause?.cancel()
        call?.destroy()
        agent.destroy()
      })
      const take = async (response: IncomingMessage): Promise<void> => {
        if (response.statusCode !== 200 && response.statusCode !== 304) return exchange.refuse(target.url, response)
        const text = await readText(response, MAX_FRAME_BYTES)
        if (exchange.isOver) return
        const frame = parseFrame(response.statusCode === 304 ? JSON.stringify({ type: 'heartbeat', revision }) : text)
        revision = frame.revision
        mark = response.headers.etag ?? mark
        events.frame(frame)
        if (!exchange.isOver) pause = target.clock.after(POLL_MS, poll)
      }
      const poll = (): void => {
        const address = addressOf(target, '/v1/snapshot', revision)
        const known: Record<string, string> = mark === undefined || revision === undefined ? {} : { 'if-none-match': mark }
        call = httpGet(address, { ...headersOf(target, { ...ask, atLeast: revision ?? ask.atLeast }), ...known }, agent)
        call.on('response', (response) => {
          take(response).catch((error: unknown) => exchange.end({ reason: reasonOf(error), damaged: true }))
        })
        call.on('error', (error) => exchange.end({ reason: reasonOf(error), blocked: !isUnreachable(error) }))
      }
      poll()
      return exchange.session(() => call?.socket?.bytesRead ?? 0)
    },
  }
}

/** Requests of one session, which ends once. */
class Exchange {
  isOver = false

  constructor(
    private readonly events: SessionEvents,
    private readonly destroy: () => void,
  ) {}

  end(end: SessionEnd): void {
    if (this.isOver) return
    this.isOver = true
    this.destroy()
    this.events.closed(end)
  }

  async refuse(url: string, response: IncomingMessage): Promise<void> {
    const error = await readRefusal(url, response)
    this.end({ reason: error.message, refused: error, blocked: isForeignAnswer(error) })
  }

  session(received: () => number): Session {
    const drop = (): void => this.end({ reason: 'the connection was dropped' })
    return {
      get received() {
        return received()
      },
      send: () => {},
      drop,
      close: async () => drop(),
    }
  }
}

/** Sends a GET whose socket does not keep the process alive, which `fetch` cannot do. Redirects are not followed. */
function httpGet(address: URL, headers: Record<string, string>, agent: HttpAgent | false): ClientRequest {
  const call = (address.protocol === 'https:' ? requestHttps : requestHttp)(address, { headers, agent })
  call.on('socket', (socket) => socket.unref())
  call.end()
  return call
}

export async function readRefusal(url: string, response: IncomingMessage): Promise<HmsError> {
  // Truncated or endless body: only the status is used.
  const body = await readText(response, MAX_REFUSAL_BYTES).catch(() => '')
  return errorOfResponse(url, response.statusCode ?? 0, response.headers['content-type'] ?? null, body)
}
