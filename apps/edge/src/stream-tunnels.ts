import { HmsError, readText } from '#libs/contracts'
import {
  answerUpgrade,
  BOT_INTAKE,
  contained,
  describeError,
  Intake,
  type Logger,
  READER_INTAKE,
  type TrustedProxies,
  type Upgrade,
} from '#libs/platform'
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Duplex } from 'node:stream'
import { forwardedFor, tunnelHeaders } from './forwarded-headers.js'
import type { Instances } from './instances.js'

export const STREAM_PATH = '/v1/stream'
/** Time in ms for an instance to respond: short, so that the next one can respond before the SDK closes (`SILENCE_MS`). */
const HANDSHAKE_MS = 2_000
/** Time in ms for the last instance. The reader closes before it, if it is the SDK. */
const LAST_HANDSHAKE_MS = 10_000
const MAX_REFUSAL_BYTES = 64 * 1024
const UNAVAILABLE = 503

type Outcome = 'answered' | 'stopping' | 'closed'

/** Forwards WebSocket upgrades byte for byte: a proxy that accepted them first would turn refusals into connections that break. */
export class StreamTunnels {
  private readonly sockets = new Set<Duplex>()

  constructor(
    /** Instances of config-store. */
    private readonly instances: Instances,
    private readonly trusted: TrustedProxies,
    private readonly log: Logger,
  ) {}

  /** Resolves once the reader has a tunnel or a refusal. Rejects with 503 `HMS_HTTP_UNAVAILABLE` if the last instance does not respond. */
  async open(upgrade: Upgrade): Promise<void> {
    this.track(upgrade.socket)
    for (let remaining = this.instances.size - 1; ; remaining--) {
      try {
        const outcome = await this.connect(upgrade, this.instances.next(upgrade.request), remaining === 0)
        if (outcome === 'answered') this.instances.markResponsive(upgrade.request)
        if (outcome !== 'stopping') return
      } catch (error) {
        if (!upgrade.socket.destroyed) this.instances.markUnresponsive(upgrade.request)
        if (remaining === 0 || upgrade.socket.destroyed) throw this.unavailable(error)
        this.log.debug({ error: describeError(error) }, 'an instance of config-store does not respond; trying the next one')
      }
    }
  }

  /** Connects the reader to one instance. `stopping`: it returned 503 and is not the last to try. `closed`: the reader closed first. */
  private connect({ request, socket: reader, head, target }: Upgrade, upstream: string, isLast: boolean): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      // Built from the instance's address, because the reader's request target must not choose the host.
      const url = new URL(STREAM_PATH + target.search, upstream)
      const headers = { ...tunnelHeaders(request.headers), host: url.host, ...forwardedFor(request, this.trusted) } // guard: tunnel-headers
      const call = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, { headers })
      const handshakeTimer = setTimeout(() => call.destroy(new Error('no response in time')), isLast ? LAST_HANDSHAKE_MS : HANDSHAKE_MS)
      const fail = (error: unknown): void => {
        call.destroy()
        reject(error)
      }
      const onReaderClosed = (): void => {
        call.destroy()
        resolve('closed')
      }
      reader.once('close', onReaderClosed)
      call.once('close', () => {
        clearTimeout(handshakeTimer)
        reader.off('close', onReaderClosed)
      })
      call.once(
        'upgrade',
        contained(
          (response: IncomingMessage, store: Duplex, storeHead: Buffer) => {
            clearTimeout(handshakeTimer)
            resolve('answered')
            this.track(store)
            reader.write(`HTTP/1.1 101 Switching Protocols\r\n${linesOf(response.rawHeaders)}\r\n`)
            reader.write(storeHead)
            store.write(head)
            limit(reader, target.searchParams.has('bot'))
            join(reader, store)
          },
          () => reader.destroy(),
        ),
      )
      call.once('response', (response) => {
        if (response.statusCode !== UNAVAILABLE || isLast) return void relay(response, reader).then(() => resolve('answered'), fail)
        call.destroy()
        resolve('stopping')
      })
      call.once('error', fail)
      call.end()
    })
  }

  /** Closes all tunnels; readers reconnect to another edge or to this one after its restart. */
  close(): void {
    for (const socket of this.sockets) socket.destroy()
  }

  private track(socket: Duplex): void {
    this.sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.sockets.delete(socket))
  }

  private unavailable(error: unknown): HmsError {
    this.log.warn({ error: describeError(error) }, 'a stream could not be opened')
    return new HmsError('HMS_HTTP_UNAVAILABLE', 'No config-store responds at the moment. Try again.', { status: 503 })
  }
}

/** Ends a tunnel whose reader sends over twice the bytes allowed to its kind; config-store closes earlier, and gives a reason. */
function limit(reader: Duplex, isBot: boolean): void {
  const { burst, perSecond } = isBot ? BOT_INTAKE : READER_INTAKE
  const bytes = new Intake({ burst: 2 * burst, perSecond: 2 * perSecond }, () => performance.now())
  reader.on('data', (chunk: Buffer) => {
    if (!bytes.take(chunk.length)) reader.destroy()
  })
}

function join(reader: Duplex, store: Duplex): void {
  for (const [one, other] of [
    [reader, store],
    [store, reader],
  ] as const) {
    one.once('close', () => other.destroy())
    one.pipe(other)
  }
}

function linesOf(rawHeaders: readonly string[]): string {
  return rawHeaders.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('')
}

async function relay(response: IncomingMessage, reader: Duplex): Promise<void> {
  // If the body is truncated or too large, the response is forwarded without it.
  const body = await readText(response, MAX_REFUSAL_BYTES).catch(() => '')
  const { statusCode: status = 502, headers } = response
  const kept = (['retry-after', 'www-authenticate'] as const).flatMap((name) =>
    headers[name] === undefined ? [] : [[name, headers[name]]],
  )
  answerUpgrade(reader, {
    status,
    type: headers['content-type'] ?? 'text/plain',
    body,
    headers: Object.fromEntries(kept) as Record<string, string>,
  })
}
