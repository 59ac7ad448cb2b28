import { REVISION_HEADER, SILENCE_MS } from '#libs/contracts'
import { serverSentEvents } from '../connection/link/server-sent-events.js'
import { addressOf, MAX_FRAME_BYTES, type Target, type Transport } from '../connection/link/transport.js'
import { chunksOf, type PageFetch } from './page-fetch.js'
import { reasonOf } from '../api/problem-to-error.js'

/** Part of a browser's `WebSocket` that is used here. */
export interface PageSocket {
  addEventListener<T extends keyof SocketEvents>(type: T, listener: (event: SocketEvents[T]) => void): void
  close(): void
}

export interface SocketEvents {
  open: object
  message: { data: unknown }
  close: { code: number; reason: string }
}

/** Timeouts. `firstMs` is long: the first frame has all policies, and may wait for other readers that reconnect. */
const LIMITS = { openMs: SILENCE_MS, firstMs: 15_000, silenceMs: SILENCE_MS }

/** Transport over `/v1/stream`. A browser's WebSocket sends no key, and does not expose the server's refusal. */
export function pageSocket(target: Target, open: (url: string) => PageSocket): Transport {
  return {
    ...LIMITS,
    open(resume, session) {
      const address = addressOf(target, '/v1/stream', resume.revision)
      address.protocol = address.protocol.replace('http', 'ws')
      let socket: PageSocket | undefined
      const connection = { received: () => 0, drop: () => socket?.close() }
      try {
        socket = open(address.href)
      } catch (error) {
        // A page's content security policy can make this throw.
        queueMicrotask(() => session.end({ reason: reasonOf(error), blocked: true }))
        return connection
      }
      socket.addEventListener('open', () => session.opened())
      socket.addEventListener('message', ({ data }) => {
        if (typeof data === 'string' && data.length <= MAX_FRAME_BYTES) session.receive(data)
        else session.end({ reason: 'a frame is not text, or larger than 64 MiB', damaged: true })
      })
      socket.addEventListener('close', ({ code, reason }) =>
        session.end({ reason: reason === '' ? `the connection was closed (${code})` : reason, blocked: session.frames === 0 }),
      )
      return connection
    },
  }
}

/** Transport over `/v1/events` with `fetch`, which sends a key and exposes the server's refusal; `EventSource` does neither. */
export function pageEvents(target: Target, fetch: PageFetch): Transport {
  // The revision header is omitted: a page compares revisions itself and reports a server that is behind, so the server need not refuse.
  return serverSentEvents(target, LIMITS, async (address, { [REVISION_HEADER]: _atLeast, ...headers }, signal) => {
    const { status, headers: given, body } = await fetch(address.href, { headers, cache: 'no-store', signal })
    return { status, type: given.get('content-type'), body: chunksOf(body) }
  })
}
