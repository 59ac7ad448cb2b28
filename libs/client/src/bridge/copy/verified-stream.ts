import { SILENCE_MS, type StreamFrame } from '#libs/contracts'
import type { Reader } from '#libs/evaluation'
import { readFreshness, verifyHead } from '#libs/signing'
import { leaveMs } from '../../backoff.js'
import { reasonOf, unreachable } from '../../api/unreachable.js'
import type { Clock, Timer } from '../../clock.js'
import type { ConnectionEvents, ConnectionState, Explanation, PolicyValue } from '../../connection/hms-connection.js'
import { Silence } from '../../connection/link/silence.js'
import { parseFrame } from '../../connection/parse-frame.js'
import { Contact } from '../../connection/contact.js'
import { ReaderSession } from '../../connection/reader-session.js'
import { DocumentTrust } from '../../trust/document-trust.js'
import { ReaderTime } from '../../trust/reader-time.js'
import { BridgeLink } from '../link/bridge-link.js'
import { MAX_FRAME_CHARACTERS, type LinkFailure, type Transport } from '../link/transport.js'
import type { PageRosters } from './page-rosters.js'
import type { Prove } from './prove.js'

export interface VerifiedStreamOptions {
  url: string
  token?: string
  reader: Reader
  policies?: readonly string[]
  rosters: PageRosters
  transports: readonly Transport[]
  clock: Clock
  prove: Prove
  random?: () => number
}

/**
 * Limits of frames waiting for verification, and of their characters; a server that sends faster is read again from the current revision.
 */
const MAX_WAITING = 256
const MAX_WAITING_CHARACTERS = MAX_FRAME_CHARACTERS + 16 * 1024 * 1024

/** The first frame contains all policies, possibly over a slow line, and behind other reconnecting readers. */
const FIRST_FRAME_MS = 15_000

interface Wait {
  resolve(): void
  reject(error: Error): void
}

/**
 * Keeps the SDK's verified copy up to date over one stream of a page. Signatures are verified asynchronously before a frame is applied, so
 * frames are queued: they are applied in order, each as a whole, and never one of a lower revision.
 */
export class VerifiedStream {
  private readonly copy: ReaderSession
  private readonly link: BridgeLink
  private readonly time: ReaderTime
  private resumePoint: number | undefined
  private readonly silence: Silence
  private leaving: Timer | undefined
  /** Per connection: its first frame may take longer than later ones. */
  private hadFrame = false
  private line: Promise<void> = Promise.resolve()
  /** Number of the connection: frames of an earlier one are not applied. */
  private connection = 0
  private waiting = 0
  private waitingCharacters = 0
  private first: Wait | undefined
  private hasCopy = false
  private lastReason = 'no answer in time'

  constructor(private readonly options: VerifiedStreamOptions) {
    const { reader, policies, rosters, clock, transports, random } = options
    this.time = new ReaderTime(clock)
    const trust = new DocumentTrust(() => rosters.newest, this.time)
    const contact = new Contact((reason) => unreachable(options.url, reason))
    this.copy = new ReaderSession({ reader, policies, disk: null, rosters, trust, time: this.time, contact }, () => ({
      start: () => {},
      applied: () => {},
      startOver: () => this.startOver('there is a newer roster'),
      stop: async () => {},
    }))
    this.link = new BridgeLink(
      { transports, clock, random },
      {
        request: () => ({ ...this.options, region: reader.region, revision: this.resumePoint }),
        opened: () => this.opened(),
        text: (text) => this.queue(text),
        down: (failure) => this.down(failure),
      },
    )
    this.silence = new Silence({ clock, limitMs: SILENCE_MS, received: () => this.link.received, onSilence: () => this.fellSilent() })
  }

  get state(): ConnectionState {
    return this.copy.state
  }

  get revision(): number {
    return this.copy.revision
  }

  /** Resolves on the first verified copy; rejects with `HMS_UNREACHABLE`, or with the server's refusal. */
  async open(timeoutMs: number): Promise<void> {
    const { clock, url } = this.options
    const opened = new Promise<void>((resolve, reject) => (this.first = { resolve, reject }))
    const late = clock.after(timeoutMs, () => this.first?.reject(unreachable(url, this.lastReason)))
    this.link.start()
    try {
      await opened
    } finally {
      this.first = undefined
      late.cancel()
    }
  }

  find(id: string): PolicyValue | undefined {
    return this.copy.find(id)
  }

  explain(id: string): Explanation {
    return this.copy.explain(id)
  }

  on<E extends keyof ConnectionEvents>(event: E, listener: (data: ConnectionEvents[E]) => void): () => void {
    return this.copy.on(event, listener)
  }

  close(): void {
    this.silence.stop()
    this.leaving?.cancel()
    this.link.stop()
    void this.copy.close()
  }

  private queue(text: string): void {
    if (this.waiting >= MAX_WAITING || this.waitingCharacters + text.length > MAX_WAITING_CHARACTERS)
      return this.link.reconnect({ reason: 'frames come faster than they can be verified' })
    this.hadFrame = true
    this.silence.watch()
    this.leaving?.cancel()
    const { connection } = this
    const frame = this.parse(text)
    if (frame === undefined) return
    // Handled outside the queue: its socket closes right behind it, which would drop it. Queued frames are requested again.
    if (frame.type === 'goodbye') return this.link.reconnect({ reason: 'the server stops', leaveMs: leaveMs(frame.retryMs) })
    this.waiting++
    this.waitingCharacters += text.length
    this.line = this.line
      .then(() => this.read(frame, connection))
      .catch((error: unknown) => this.damaged(error, connection))
      .then(() => {
        this.waiting--
        this.waitingCharacters -= text.length
      })
  }

  private parse(text: string): StreamFrame | undefined {
    try {
      return parseFrame(text)
    } catch (error) {
      this.damaged(error, this.connection)
      return undefined
    }
  }

  private async read(frame: StreamFrame, connection: number): Promise<void> {
    const isPast = (): boolean => connection !== this.connection || this.state === 'CLOSED'
    if (isPast()) return
    await this.prove(frame)
    if (isPast()) return
    if (frame.revision < this.copy.revision) return this.behind(frame.revision)
    if (frame.standing !== undefined) this.copy.prove(frame.standing)
    if (frame.freshness !== undefined) this.copy.takeFreshness(frame.freshness)
    this.copy.confirm()
    if (frame.type === 'snapshot' || frame.type === 'change') this.apply(frame)
    else this.heartbeat(frame.revision)
  }

  /** Proves under the newest known roster; if it changes in the meantime, again under the next. */
  private async prove({ documents, freshness }: StreamFrame): Promise<void> {
    const { rosters, prove } = this.options
    for (let roster; roster !== rosters.newest;) {
      const judge = (roster = rosters.newest)
      await prove(() => {
        for (const document of documents) tried(() => verifyHead(document, judge))
        if (freshness !== undefined) tried(() => readFreshness(freshness, judge))
      })
    }
  }

  private apply({ type, revision, documents, along }: StreamFrame): void {
    this.hasCopy = true
    this.copy.take(revision, documents, { along, whole: type === 'snapshot' })
    // Resuming behind a refused document would skip it: the next connection starts from a snapshot.
    this.resumePoint = this.copy.complete ? revision : undefined
    this.first?.resolve()
  }

  private heartbeat(revision: number): void {
    // Before the requested snapshot arrives there is no copy to confirm.
    if (!this.hasCopy) return
    if (this.options.policies !== undefined && this.resumePoint !== undefined) {
      // Revisions since the last change concerned policies that this page does not follow.
      this.copy.copy.revision = revision
      this.resumePoint = revision
    }
    this.copy.settle()
  }

  /** Handles a node that has not caught up, or another store under the same name. The copy stays. */
  private behind(revision: number): void {
    const reason = `the server is at revision ${revision}, and ${this.copy.revision} is held`
    this.copy.stale(reason, 'HMS_BRIDGE_SERVER_BEHIND')
    this.link.reconnect({ reason })
  }

  private damaged(error: unknown, connection: number): void {
    if (connection !== this.connection) return
    if (error instanceof Error) this.copy.fail(error)
    this.link.reconnect({ reason: reasonOf(error), damaged: true })
  }

  private startOver(reason: string): void {
    this.resumePoint = undefined
    this.link.reconnect({ reason })
  }

  private down({ reason, refused, damaged, leaveMs: away }: LinkFailure): void {
    this.connection++
    if (damaged === true) this.resumePoint = undefined
    this.silence.stop()
    this.lastReason = reason
    this.leaving?.cancel()
    // A reader asked to reconnect soon becomes stale only by the age of its last frame.
    if (away === undefined) this.copy.stale(reason)
    else this.leaving = this.options.clock.after(SILENCE_MS, () => this.copy.stale(reason))
    if (refused === undefined) return
    this.copy.fail(refused)
    if (!refused.retryable) this.first?.reject(refused)
  }

  private opened(): void {
    this.hadFrame = false
    this.silence.watch(FIRST_FRAME_MS)
  }

  private fellSilent(): void {
    this.link.reconnect({ reason: `no frame for ${(this.hadFrame ? SILENCE_MS : FIRST_FRAME_MS) / 1_000} s` })
  }
}

function tried(check: () => unknown): void {
  try {
    check()
  } catch {
    // The real run reports it.
  }
}
