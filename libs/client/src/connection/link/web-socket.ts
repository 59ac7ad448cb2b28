import type { ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { SILENCE_MS } from '#libs/contracts'
import { reasonOf } from '../../api/unreachable.js'
import { polling, refusalIn, serverSentEvents } from './http-transports.js'
import { Line } from './line.js'
import { addressOf, headersOf, isUnreachable, MAX_FRAME_BYTES, type Target, type Transport, type Transports } from './transport.js'

/** An acknowledgement of 10,000 policies is close to 1 MiB, and the next may follow before it is sent. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024
const CLOSE_MS = 1_000
/** A fleet that reconnects at once gets its snapshots one after the other. */
const FIRST_MS = 15_000
/** Close code of a connection that ended without a closing frame (RFC 6455 §7.1.5). */
const ABNORMAL = 1006

/**
 * Transport over `GET /v1/stream`. Its socket does not keep the process alive; a connection attempt can, as libuv counts a pending connect
 * as work.
 */
function webSocket(target: Target): Transport {
  return {
    firstMs: FIRST_MS,
    silenceMs: SILENCE_MS,
    open(ask, events) {
      const address = addressOf(target, '/v1/stream', ask.revision)
      address.protocol = address.protocol.replace('http', 'ws')
      let raw: Socket | undefined
      const socket = new WebSocket(address, {
        headers: headersOf(target, ask),
        maxPayload: MAX_FRAME_BYTES,
        handshakeTimeout: SILENCE_MS,
        perMessageDeflate: false,
        finishRequest: unrefAndSend,
      })
      const line = new Line(events, () => socket.terminate())
      socket.on('upgrade', (response) => (raw = response.socket))
      socket.on('open', () => line.opened())
      socket.on('message', (data) => line.take(String(data)))
      socket.on('unexpected-response', (_request, response) => {
        void refusalIn(target.url, response).then((end) => line.end(end))
      })
      socket.on('error', (error) => line.end({ reason: reasonOf(error), blocked: line.frames === 0 && !isUnreachable(error) }))
      socket.on('close', (code) => line.end({ reason: 'the connection was closed', blocked: line.frames === 0 && code === ABNORMAL }))
      return {
        get received() {
          return raw?.bytesRead ?? 0
        },
        send(frame) {
          if (socket.readyState !== WebSocket.OPEN) return
          // A server that does not read would make us buffer every frame; the next connection acknowledges everything again.
          if (socket.bufferedAmount > MAX_UNSENT_BYTES) socket.terminate()
          else socket.send(JSON.stringify(frame))
        },
        drop: () => line.drop(),
        close: () => closed(socket),
      }
    },
  }
}

/** Returns the transports of a program under Node, best first. */
export function serverTransports(target: Target): Transports {
  return { stream: webSocket(target), events: serverSentEvents(target), poll: polling(target) }
}

async function closed(socket: WebSocket): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return
  await new Promise<void>((resolve) => {
    const impatience = setTimeout(() => socket.terminate(), CLOSE_MS)
    socket.once('close', () => {
      clearTimeout(impatience)
      resolve()
    })
    socket.close(1000)
  })
}

function unrefAndSend(request: ClientRequest): void {
  request.once('socket', (socket) => socket.unref())
  request.end()
}
