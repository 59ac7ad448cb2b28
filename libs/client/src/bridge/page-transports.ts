import { HmsError, SILENCE_MS } from '#libs/contracts'
import { errorOfResponse } from '../api/problem-to-error.js'
import { sseParser } from '../api/sse-parser.js'
import { reasonOf } from '../api/unreachable.js'
import { Line } from '../connection/link/line.js'
import {
  addressOf,
  isForeignAnswer,
  MAX_FRAME_BYTES,
  MAX_REFUSAL_BYTES,
  type Target,
  type Transport,
} from '../connection/link/transport.js'
import { readPageText, textsOf, type PageFetch } from './page-fetch.js'

/** Used part of a browser's `WebSocket`. */
export interface PageSocket {
  addEventListener<T extends keyof SocketEvents>(type: T, listener: (event: SocketEvents[T]) => void): void
  close(): void
}

export interface SocketEvents {
  open: object
  message: { data: unknown }
  close: { code: number; reason: string }
}

/** The first frame contains all policies, possibly over a slow line, and behind other reconnecting readers. */
const LIMITS = { openMs: SILENCE_MS, firstMs: 15_000, silenceMs: SILENCE_MS }

/** Transport over `/v1/stream`. A browser's WebSocket sends no key, and does not report why a server refused it. */
export function pageSocket(target: Target, open: (url: string) => PageSocket): Transport {
  return {
    ...LIMITS,
    open(ask, events) {
      const address = addressOf(target, '/v1/stream', ask.revision)
      address.protocol = address.protocol.replace('http', 'ws')
      const line = new Line(events, () => socket?.close())
      let socket: PageSocket | undefined
      try {
        socket = open(address.href)
      } catch (error) {
        // A page's content security policy makes this throw synchronously.
        queueMicrotask(() => line.end({ reason: reasonOf(error), blocked: true }))
        return line
      }
      socket.addEventListener('open', () => line.opened())
      socket.addEventListener('message', ({ data }) => {
        if (typeof data === 'string' && data.length <= MAX_FRAME_BYTES) line.take(data)
        else line.end({ reason: 'a frame is not text, or larger than 64 MiB', damaged: true })
      })
      socket.addEventListener('close', ({ code, reason }) =>
        line.end({ reason: reason === '' ? `the connection was closed (${code})` : reason, blocked: line.frames === 0 }),
      )
      return line
    },
  }
}

/** Transport over `/v1/events` by `fetch`, which reports a server's refusal and sends a key. `EventSource` does neither. */
export function pageEvents(target: Target, fetch: PageFetch): Transport {
  const { url, token } = target
  return {
    ...LIMITS,
    open({ revision }, events) {
      const abort = new AbortController()
      const line = new Line(events, () => abort.abort())
      const follow = async (): Promise<void> => {
        const response = await fetch(addressOf(target, '/v1/events', revision).href, {
          headers: { accept: 'text/event-stream', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
          cache: 'no-store',
          signal: abort.signal,
        })
        if (!response.ok) {
          const body = await readPageText(response, MAX_REFUSAL_BYTES).catch(() => '')
          const refused = errorOfResponse(url, response.status, response.headers.get('content-type'), body)
          return line.end({ reason: refused.message, refused, blocked: isForeignAnswer(refused) })
        }
        line.opened()
        const parser = sseParser(MAX_FRAME_BYTES)
        const texts = textsOf(response, (bytes) => void (line.counted += bytes))
        for await (const text of texts) for (const { data } of parser.push(text)) line.take(data)
        line.end({ reason: 'the connection was closed', blocked: line.frames === 0 })
      }
      follow().catch((error: unknown) => line.end({ reason: reasonOf(error), damaged: error instanceof HmsError }))
      return line
    },
  }
}
