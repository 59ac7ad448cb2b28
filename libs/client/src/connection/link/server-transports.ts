import { Agent as HttpAgent, request as requestHttp, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { readText, SILENCE_MS } from '#libs/contracts'
import type { Timer } from '../../clock.js'
import { serverSentEvents, type Get } from './server-sent-events.js'
import {
  addressOf,
  headersOf,
  isUnreachable,
  MAX_FRAME_BYTES,
  refusalIn,
  type Target,
  type Transport,
  type TransportResponse,
  type Transports,
} from './transport.js'
import { reasonOf } from '../../api/problem-to-error.js'

/** Limit of unsent bytes. An acknowledgement of 10,000 policies is close to 1 MiB, and others may follow before it is sent. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024
const CLOSE_MS = 1_000
/** Timeout in ms of the first frame: long, because snapshots are sent one by one when a whole fleet reconnects. */
const FIRST_MS = 15_000
const POLL_MS = 5_000
/** Close code of a connection that ended without a closing frame (RFC 6455 §7.1.5). */
const ABNORMAL = 1006

/** Returns the transports of a program under Node, best first. */
export function serverTransports(target: Target): Transports {
  return {
    stream: webSocket(target),
    events: serverSentEvents(target, { firstMs: SILENCE_MS, silenceMs: SILENCE_MS }, getEvents),
    poll: polling(target),
  }
}

/** Transport over `GET /v1/stream`. An open socket does not keep the process alive, but libuv can while the socket connects. */
function webSocket(target: Target): Transport {
  return {
    firstMs: FIRST_MS,
    silenceMs: SILENCE_MS,
    open(resume, session) {
      const address = addressOf(target, '/v1/stream', resume.revision)
      address.protocol = address.protocol.replace('http', 'ws')
      let raw: Socket | undefined
      const socket = new WebSocket(address, {
        headers: headersOf(target, resume),
        maxPayload: MAX_FRAME_BYTES,
        handshakeTimeout: SILENCE_MS,
        perMessageDeflate: false,
        finishRequest: unrefAndSend,
      })
      socket.on('upgrade', (response) => (raw = response.socket))
      socket.on('open', () => session.opened())
      socket.on('message', (data) => void session.receive(String(data)))
      socket.on('unexpected-response', (_request, response) => {
        void refusalIn(target.url, responseOf(response)).then((end) => session.end(end))
      })
      socket.on('error', (error) => session.end({ reason: reasonOf(error), blocked: session.frames === 0 && !isUnreachable(error) }))
      socket.on('close', (code) => session.end({ reason: 'the connection was closed', blocked: session.frames === 0 && code === ABNORMAL }))
      return {
        received: () => raw?.bytesRead ?? 0,
        send(frame) {
          if (socket.readyState !== WebSocket.OPEN) return
          // Frames for a server that does not read would be buffered without limit. After a reconnect, everything is acknowledged again.
          if (socket.bufferedAmount > MAX_UNSENT_BYTES) socket.terminate()
          else socket.send(JSON.stringify(frame))
        },
        drop: () => socket.terminate(),
        close: () => close(socket),
      }
    },
  }
}

async function close(socket: WebSocket): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return
  await new Promise<void>((resolve) => {
    const closeTimer = setTimeout(() => socket.terminate(), CLOSE_MS)
    socket.once('close', () => {
      clearTimeout(closeTimer)
      resolve()
    })
    socket.close(1000)
  })
}

function unrefAndSend(request: ClientRequest): void {
  request.once('socket', (socket) => socket.unref())
  request.end()
}

/** Polls `GET /v1/snapshot` with `If-None-Match`, for proxies that buffer streams. A 304 is handled as a heartbeat. */
function polling(target: Target): Transport {
  return {
    firstMs: SILENCE_MS,
    // One pause between polls plus the response time.
    silenceMs: POLL_MS + SILENCE_MS,
    open(resume, session) {
      const agent = new (target.url.startsWith('https:') ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 1 })
      let { revision } = resume
      let etag: string | undefined
      let call: ClientRequest | undefined
      let pause: Timer | undefined
      const onResponse = async (response: IncomingMessage): Promise<void> => {
        if (response.statusCode !== 200 && response.statusCode !== 304)
          return session.end(await refusalIn(target.url, responseOf(response)))
        const text = await readText(response, MAX_FRAME_BYTES)
        revision = session.receive(response.statusCode === 304 ? JSON.stringify({ type: 'heartbeat', revision }) : text) ?? revision
        etag = response.headers.etag ?? etag
        if (!session.hasEnded) pause = target.clock.after(POLL_MS, poll)
      }
      const poll = (): void => {
        const address = addressOf(target, '/v1/snapshot', revision)
        const tag: Record<string, string> = etag === undefined || revision === undefined ? {} : { 'if-none-match': etag }
        call = httpGet(address, { ...headersOf(target, { ...resume, atLeast: revision ?? resume.atLeast }), ...tag }, { agent })
        call.on('response', (response) => {
          onResponse(response).catch((error: unknown) => session.end({ reason: reasonOf(error), damaged: true }))
        })
        call.on('error', (error) => session.end({ reason: reasonOf(error), blocked: !isUnreachable(error) }))
      }
      poll()
      return {
        received: () => call?.socket?.bytesRead ?? 0,
        drop() {
          pause?.cancel()
          call?.destroy()
          agent.destroy()
        },
      }
    },
  }
}

const getEvents: Get = (address, headers, signal) =>
  new Promise((resolve, reject) => {
    const call = httpGet(address, headers, { agent: false, signal })
    call.on('response', (response) => resolve(responseOf(response)))
    call.on('error', reject)
  })

/** Sends a GET whose socket does not keep the process alive; `fetch` cannot do that. Redirects are not followed. */
function httpGet(address: URL, headers: Record<string, string>, options: RequestOptions): ClientRequest {
  const call = (address.protocol === 'https:' ? requestHttps : requestHttp)(address, { headers, ...options })
  unrefAndSend(call)
  return call
}

function responseOf(response: IncomingMessage): TransportResponse {
  return { status: response.statusCode ?? 0, type: response.headers['content-type'] ?? null, body: response }
}
