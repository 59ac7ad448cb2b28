import { randomUUID } from 'node:crypto'
import { HmsError, type AlertReceipt, type AlertRequest, type StreamFrame } from '#libs/contracts'
import type { ApiClient } from '../api/api-client.js'
import type { HeldDocument } from '#libs/evaluation'
import { unreachable } from '../api/unreachable.js'
import { requireReading } from './alert-reading.js'
import type { Timer } from '../clock.js'
import { Contact } from './contact.js'
import type { AlertInput, ConnectionEvents, ConnectionState, Explanation, HmsConnection, PolicyValue } from './hms-connection.js'
import { StreamLink, type LinkFailure } from './stream-link.js'
import { TrustedCopy, type TrustedCopyOptions } from './trusted-copy.js'

export interface LiveConnectionOptions extends TrustedCopyOptions {
  api: ApiClient
  token?: string
  random?: () => number
}

/** All verified documents that are held, whomever they are for: for a program that evaluates for others, such as the side-car. */
export interface HeldDocumentSource {
  policies(): string[]
  of(id: string): HeldDocument[]
  /** The reader's time, in ms since 1970. */
  nowMs(): number
  /** Called when documents were taken, or a time has come, until the returned function is called. */
  onTaken(listener: () => void): () => void
}

/** Three heartbeats missed. */
const SILENCE_MS = 30_000

/** The trusted copy kept up to date over one stream: here is the state of contact, and where to go on after a drop. */
export class LiveConnection implements HmsConnection {
  private readonly contact: Contact
  private readonly copy: TrustedCopy
  private readonly link: StreamLink
  private resumePoint: number | undefined
  private silence: Timer | undefined
  private toldApplied = false
  private readonly onTaken = new Set<() => void>()
  readonly documents: HeldDocumentSource = {
    policies: () => this.copy.policies(),
    of: (id) => this.copy.documentsOf(id),
    nowMs: () => this.copy.nowMs(),
    onTaken: (listener) => {
      this.onTaken.add(listener)
      return () => this.onTaken.delete(listener)
    },
  }

  constructor(private readonly options: LiveConnectionOptions) {
    const { reader, api, token, time, random } = options
    this.contact = new Contact((reason) => unreachable(api.url, reason))
    this.copy = new TrustedCopy(options, { applied: () => this.applied(), startOver: () => this.startOver() })
    this.link = new StreamLink(
      { url: api.url, reader, token, clock: time, random },
      {
        resumeFrom: () => this.resumePoint,
        opened: () => this.opened(),
        frame: (frame) => this.take(frame),
        down: (failure) => this.down(failure),
      },
    )
  }

  get state(): ConnectionState {
    return this.copy.state
  }

  get revision(): number {
    return this.copy.revision
  }

  /** Resolves on the first copy, live or from disk; rejects with `HMS_UNREACHABLE` after `timeoutMs` without either. */
  async open(timeoutMs: number): Promise<void> {
    const saved = await this.copy.load()
    if (saved === 'whole') this.resumePoint = this.copy.revision
    this.link.start()
    await this.contact.first(timeoutMs, saved !== undefined)
  }

  async whenReady(timeoutMs: number): Promise<void> {
    if (this.state !== 'READY') await this.contact.wait(timeoutMs)
  }

  find(id: string): PolicyValue | undefined {
    return this.copy.find(id)
  }

  get(id: string): PolicyValue {
    return this.copy.get(id)
  }

  explain(id: string): Explanation {
    return this.copy.explain(id)
  }

  ids(): string[] {
    return this.copy.ids()
  }

  on<E extends keyof ConnectionEvents>(event: E, listener: (data: ConnectionEvents[E]) => void): () => void {
    return this.copy.on(event, listener)
  }

  async alert({ kind, value, reading = null, id = randomUUID(), policy, version }: AlertInput): Promise<void> {
    const { bot, region = '' } = this.options.reader
    if (bot === undefined) {
      throw new HmsError('HMS_ALERT_BOT_REQUIRED', 'an alert comes from a bot: name it in connect({ bot }) or HMS_BOT', { status: 400 })
    }
    requireReading(reading)
    const alert: AlertRequest = { id, bot, region, kind, reading, value, policy, version }
    await this.options.api.post<AlertReceipt>('/v1/alerts', alert)
  }

  async close(): Promise<void> {
    this.silence?.cancel()
    const written = this.copy.close()
    await this.link.stop()
    await written
  }

  /** For anyone who made the copy on disk: what went wrong with it. */
  fail(error: Error): void {
    this.copy.fail(error)
  }

  private opened(): void {
    this.toldApplied = false
    this.watchSilence()
  }

  private take(frame: StreamFrame): void {
    if (this.state === 'CLOSED') return
    this.watchSilence()
    if (frame.freshness !== undefined) this.copy.hear(frame.freshness)
    this.copy.confirm()
    if (frame.type === 'heartbeat') this.heartbeat(frame.revision)
    else this.apply(frame)
  }

  private apply({ revision, documents }: StreamFrame): void {
    this.copy.take(revision, documents)
    // Past a refused document there is no going on: the next connection starts from a snapshot.
    this.resumePoint = this.copy.complete ? revision : undefined
    this.contact.made()
  }

  private heartbeat(revision: number): void {
    // The store was set up anew and counts from the start: only a snapshot tells what it holds.
    if (revision < this.copy.revision) return this.startOver()
    // Who asked for a snapshot has nothing to confirm before it came.
    if (this.resumePoint === undefined) return
    this.copy.settle()
    this.contact.made()
    if (!this.toldApplied) this.acknowledge()
  }

  private startOver(): void {
    this.resumePoint = undefined
    this.link.reconnect()
  }

  private applied(): void {
    this.acknowledge()
    for (const listener of this.onTaken) listener()
  }

  private acknowledge(): void {
    if (this.options.reader.bot === undefined) return
    this.toldApplied = true
    const held = this.copy.held()
    this.link.send({
      type: 'applied',
      revision: this.copy.revision,
      applied: this.copy.applied(),
      ...(Object.keys(held).length === 0 ? {} : { held }),
    })
  }

  private down(failure: LinkFailure): void {
    if (failure.damaged === true) this.resumePoint = undefined
    this.silence?.cancel()
    this.copy.stale(failure.reason)
    if (failure.refused !== undefined) this.fail(failure.refused)
    this.contact.failed(failure)
  }

  private watchSilence(): void {
    this.silence?.cancel()
    this.silence = this.options.time.after(SILENCE_MS, () => {
      this.copy.stale(`no frame for ${SILENCE_MS / 1000} s`)
      this.link.reconnect()
    })
  }
}
