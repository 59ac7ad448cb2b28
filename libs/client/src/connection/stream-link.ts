import type { ClientRequest, IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { readText, type AppliedFrame, type HmsError, type StreamFrame } from '#libs/contracts'
import { errorOfResponse } from '../api/problem-to-error.js'
import { reasonOf } from '../api/unreachable.js'
import { backoffMs } from '../backoff.js'
import type { Clock, Timer } from '../clock.js'
import type { Failure } from './contact.js'
import type { Reader } from '#libs/evaluation'
import { parseFrame } from './parse-frame.js'

export interface LinkOptions {
  url: string
  reader: Reader
  token?: string
  clock: Clock
  random?: () => number
}

export interface LinkFailure extends Failure {
  /** A frame could not be applied: what is held may lack it, so the next connection must start from a snapshot. */
  damaged?: boolean
}

export interface LinkEvents {
  /** Where to go on; `undefined` asks for a snapshot. */
  resumeFrom(): number | undefined
  opened(): void
  frame(frame: StreamFrame): void
  down(failure: LinkFailure): void
}

const MAX_FRAME_BYTES = 16 * 1024 * 1024
const MAX_UNSENT_BYTES = 1024 * 1024
const MAX_REFUSAL_BYTES = 64 * 1024
const HANDSHAKE_MS = 5_000
const CLOSE_MS = 1_000
/** A connection that held this long was a good one: the next wait starts small again. */
const HEALTHY_MS = 10_000

/**
 * One WebSocket to `/v1/stream`, dialled again for ever. Neither socket nor timers keep the process alive; a dial in
 * progress can, for `HANDSHAKE_MS` at most (libuv counts a pending connect as work).
 */
export class StreamLink {
  private socket: WebSocket | undefined
  private retry: Timer | undefined
  private attempt = 0
  private stopped = false

  constructor(
    private readonly options: LinkOptions,
    private readonly events: LinkEvents,
  ) {}

  start(): void {
    this.dial()
  }

  send(frame: AppliedFrame): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return
    // A server that does not read would have us keep every frame; the next connection tells all of it again.
    if (this.socket.bufferedAmount > MAX_UNSENT_BYTES) this.socket.terminate()
    else this.socket.send(JSON.stringify(frame))
  }

  /** Drops the connection and dials again. */
  reconnect(): void {
    this.socket?.terminate()
  }

  async stop(): Promise<void> {
    this.stopped = true
    this.retry?.cancel()
    const socket = this.socket
    if (socket === undefined) return
    await new Promise<void>((resolve) => {
      const impatience = setTimeout(() => socket.terminate(), CLOSE_MS)
      socket.once('close', () => {
        clearTimeout(impatience)
        resolve()
      })
      socket.close(1000)
    })
  }

  private dial(): void {
    const { clock, token } = this.options
    const failure: LinkFailure = { reason: '' }
    let openedAt: number | undefined
    const socket = new WebSocket(this.address(), {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      maxPayload: MAX_FRAME_BYTES,
      handshakeTimeout: HANDSHAKE_MS,
      perMessageDeflate: false,
      finishRequest: unrefAndSend,
    })
    this.socket = socket
    socket.on('open', () => {
      openedAt = clock.now()
      this.events.opened()
    })
    socket.on('message', (data) => {
      try {
        this.events.frame(parseFrame(String(data)))
      } catch (error) {
        failure.reason ||= reasonOf(error)
        failure.damaged = true
        socket.terminate()
      }
    })
    socket.on('unexpected-response', (_request, response) => {
      void readRefusal(this.options.url, response).then((error) => {
        failure.reason ||= error.message
        failure.refused = error
        socket.terminate()
      })
    })
    socket.on('error', (error) => {
      failure.reason ||= reasonOf(error)
    })
    socket.on('close', () => {
      this.socket = undefined
      if (this.stopped) return
      if (openedAt !== undefined && clock.now() - openedAt >= HEALTHY_MS) this.attempt = 0
      this.retry = clock.after(backoffMs(this.attempt++, this.options.random), () => this.dial())
      this.events.down({ ...failure, reason: failure.reason || 'the connection was closed' })
    })
  }

  private address(): URL {
    const { url, reader } = this.options
    const address = new URL(`${url.replace(/^http/, 'ws')}/v1/stream`)
    if (reader.bot !== undefined) address.searchParams.set('bot', reader.bot)
    if (reader.region !== undefined) address.searchParams.set('region', reader.region)
    const revision = this.events.resumeFrom()
    if (revision !== undefined) address.searchParams.set('revision', String(revision))
    return address
  }
}

function unrefAndSend(request: ClientRequest): void {
  request.once('socket', (socket) => socket.unref())
  request.end()
}

async function readRefusal(url: string, response: IncomingMessage): Promise<HmsError> {
  // Cut off, or without end: the status alone has to do.
  const body = await readText(response, MAX_REFUSAL_BYTES).catch(() => '')
  return errorOfResponse(url, response.statusCode ?? 0, response.headers['content-type'] ?? null, body)
}
