import { HmsError, isObject, REVISION_HEADER, type AppliedFrame } from '#libs/contracts'
import {
  Clock,
  describeError,
  foreignRefused,
  isForeignRequest,
  Logger,
  refusalOfConnection,
  serveUpgrades,
  toProblem,
  type Environment,
  type Upgrade,
} from '#libs/platform'
import { isPolicyId } from '#libs/policy'
import { localNameOf, type Profile } from '#libs/process'
import { Authorizer, ENVIRONMENT, PROFILE, readQuery, type Grant } from '#libs/service'
import { isDigest } from '#libs/signing'
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { Presence } from '../coverage/presence.js'
import { parseAtLeast, StreamQueryDto } from '../reads/reader-query.dto.js'
import { Broadcast } from './broadcast.js'
import { DocumentCopy } from '../copy/document-copy.js'
import { StreamSocket, limitIntake } from './stream-socket.js'
import { Subset } from '../copy/stable-heads.js'
import { requireRegion } from '../coverage/coverage.js'

const PATH = '/v1/stream'
/** Limits of a bot's frames. A report is one unfragmented message, about 90 bytes per applied policy: 2 MiB are over 20,000 policies. */
const FRAMES = { maxPayload: 2 * 1024 * 1024, maxFragments: 64, maxBufferedChunks: 4_096 } // guard: bot-frame-fits
/** Limit of streams of one bot on one instance: replicas under one name, and earlier connections that are not closed yet. */
const STREAMS_OF_BOT = 16
/** Timeout in ms for the check of a key, which may wait for the database. */
const ADMISSION_MS = 10_000

/** Serves `GET /v1/stream`: a snapshot or the missed changes, then every change as it is stored. Named bots acknowledge what they apply. */
@Injectable()
export class StreamEndpoint implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly sockets = new WebSocketServer({ ...FRAMES, noServer: true, perMessageDeflate: false })
  private readonly localName: string | undefined
  private readonly streamsOfBot = new Map<string, number>()
  private stopServing = (): void => {}

  constructor(
    private readonly clock: Clock,
    private readonly log: Logger,
    @Inject(PROFILE) profile: Profile,
    @Inject(ENVIRONMENT) environment: Environment,
    private readonly copy: DocumentCopy,
    private readonly presence: Presence,
    private readonly broadcast: Broadcast,
    private readonly adapter: HttpAdapterHost,
    private readonly access: Authorizer,
  ) {
    this.localName = localNameOf(profile, environment)
    // Emitted inside `handleUpgrade`, so `open` throws it, and the upgrade handler responds.
    this.sockets.on('wsClientError', ({ message }) => {
      throw new HmsError('HMS_HTTP_BAD_REQUEST', `This is no WebSocket handshake: ${message}.`, { status: 400 })
    })
  }

  onApplicationBootstrap(): void {
    const server = this.adapter.httpAdapter.getHttpServer() as Server
    this.stopServing = serveUpgrades(server, {
      path: PATH,
      open: (upgrade) => {
        const refused = refusalOfConnection(server, upgrade.request.socket)
        if (refused !== undefined) throw refused
        return this.open(upgrade)
      },
      problemOf: (error, request) => toProblem(error, request, this.log),
    })
  }

  beforeApplicationShutdown(): void {
    this.stopServing()
    this.sockets.close()
  }

  private async open({ request, socket, head, target: { searchParams: query } }: Upgrade): Promise<void> {
    if (this.localName !== undefined && isForeignRequest(request, this.localName)) throw foreignRefused() // guard: stream-foreign
    const reader = readQuery(StreamQueryDto, query)
    const grant = await this.withTimeout(this.admit(request, reader))
    await this.copy.requireRevision(parseAtLeast(request.headers[REVISION_HEADER] as string | undefined))
    if (reader.bot !== undefined) this.requireSlot(reader.bot) // guard: streams-of-bot
    this.sockets.handleUpgrade(request, socket, head, (client) => {
      this.serve(client, socket, reader, grant).catch((error: unknown) => {
        this.log.error({ error: describeError(error) }, 'a reader could not be served')
        client.terminate()
      })
    })
  }

  /** Authorises the upgrade. A named reader may acknowledge, and therefore needs the key of that bot. */
  private async admit(request: IncomingMessage, { bot, region }: StreamQueryDto): Promise<Grant> {
    const { method = 'GET', url = PATH, headers } = request
    const signedRequest = { method, url, headers, body: Buffer.alloc(0), peer: request.socket.remoteAddress }
    const grant = await this.access.admit(
      signedRequest,
      bot === undefined ? { what: 'values', dev: 'open' } : { what: { bot }, dev: 'loopback' },
    )
    requireRegion(grant.actor?.region, region ?? '')
    return grant
  }

  private requireSlot(bot: string): void {
    if ((this.streamsOfBot.get(bot) ?? 0) < STREAMS_OF_BOT) return
    const detail = `${bot} has ${STREAMS_OF_BOT} streams open here. Close some, or share one.`
    throw new HmsError('HMS_HTTP_CONNECTIONS', detail, { status: 429, retryable: true })
  }

  private releaseSlot(bot: string): void {
    const remaining = this.streamsOfBot.get(bot)! - 1
    if (remaining > 0) this.streamsOfBot.set(bot, remaining)
    else this.streamsOfBot.delete(bot)
  }

  private withTimeout<T>(admitted: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timeoutError = new HmsError('HMS_HTTP_UNAVAILABLE', 'The key could not be checked in time. Try again.', {
        status: 503,
        retryable: true,
      })
      const cancel = this.clock.after(ADMISSION_MS, () => reject(timeoutError))
      admitted.then(resolve, reject).finally(cancel)
    })
  }

  private async serve(
    client: WebSocket,
    raw: Duplex,
    { bot, region, revision: known, policies }: StreamQueryDto,
    { token, actor }: Grant,
  ): Promise<void> {
    const { clock, log } = this
    const subset = Subset.of(policies)
    const socket = new StreamSocket(client, raw, clock, bot !== undefined, subset)
    const release = token === undefined ? () => {} : this.access.tokens.onInvalid(token, () => socket.expel())
    client.on('error', (error) => {
      log.debug({ bot, error: describeError(error) }, 'stream broke')
      socket.cut()
    })
    if (bot !== undefined) this.streamsOfBot.set(bot, (this.streamsOfBot.get(bot) ?? 0) + 1)
    client.on('close', () => {
      release()
      if (bot !== undefined) this.releaseSlot(bot)
      this.broadcast.remove(socket)
      if (bot !== undefined) this.presence.removeSocket(bot, socket)
    })
    limitIntake(client, raw, bot !== undefined, clock, () => socket.refuse('too much at once'))
    if (bot !== undefined) this.presence.addSocket({ bot, region: actor?.region ?? region ?? '', policies: subset?.ids }, socket)
    client.on('message', (data) => this.onMessage(bot, socket, data as Buffer))
    try {
      await this.copy.waitForRevision(known)
    } catch (error) {
      log.warn({ error: describeError(error) }, 'a reader could not be served')
      return socket.closeUnavailable()
    }
    if (!socket.isOpen) return
    // No await between these two: no change can occur between the first frame and those that follow.
    socket.open(this.copy.frameFor(known, subset))
    this.broadcast.add(socket)
  }

  /** Reads a frame. A reader without a name must not send: its first frame ends the connection. */
  private onMessage(bot: string | undefined, socket: StreamSocket, data: Buffer): void {
    if (!socket.isOpen) return
    if (bot === undefined) return socket.refuse('only a named bot may send') // guard: stream-silent-reader
    const frame = parseApplied(data.toString())
    if (frame === undefined) return socket.refuse('not an applied frame')
    socket.markAlive()
    this.presence.recordApplied(bot, socket, frame)
  }
}

/** Limit of held releases per policy in a frame: a bot has at most one per scope. */
const MAX_HELD = 20

/** Parses a named bot's frame; `undefined` for anything else, also if any key is not a policy id or any value not a digest. */
export function parseApplied(text: string): AppliedFrame | undefined {
  try {
    const { type, revision, applied, held, cohortKey } = JSON.parse(text) as Partial<AppliedFrame>
    if (type !== 'applied' || !Number.isSafeInteger(revision) || revision! < 0) return undefined
    if (!isByPolicy(applied, isDigest) || !(held === undefined || isByPolicy(held, areDigests))) return undefined
    return { type, revision: revision!, applied, ...(held === undefined ? {} : { held }), ...(cohortKey === true ? { cohortKey } : {}) }
  } catch {
    return undefined
  }
}

function isByPolicy<T>(value: Record<string, T> | undefined, isRight: (entry: unknown) => boolean): value is Record<string, T> {
  return isObject(value) && Object.entries(value).every(([policy, entry]) => isPolicyId(policy) && isRight(entry)) // guard: applied-names
}

function areDigests(digests: unknown): boolean {
  return Array.isArray(digests) && digests.length <= MAX_HELD && digests.every(isDigest)
}
