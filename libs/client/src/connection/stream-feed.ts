import { HmsError, SILENCE_MS, STORE_BEHIND, type StreamFrame } from '#libs/contracts'
import type { Timer } from '../clock.js'
import { Link, type LinkFailure, type LinkOptions } from './link/link.js'
import type { Feed } from './feed.js'
import type { ReaderSession } from './reader-session.js'

/** Number of consecutive connections to instances with a lower revision after which the store counts as recreated. */
const MAX_BEHIND = 3
/** Minimum interval in ms between snapshots requested in a doubt, because all readers of a store that lacks heads are in doubt at once. */
const DOUBT_PAUSE_MS = 300_000

export interface StreamFeedOptions extends LinkOptions {
  /** Whether the reader is a web page. A page keeps its copy and reports refusals; others assume a recreated store, or enter `ERROR`. */
  isPage?: boolean
}

/** Feeds a session from a server over one link. Manages the resume point and acknowledges applied releases. */
export class StreamFeed implements Feed {
  private readonly link: Link
  private resumePoint: number | undefined
  /** Whether the store was recreated, so that its revisions may be lower than the copy's. */
  private isRecreated = false
  private connectionsBehind = 0
  private leaving: Timer | undefined
  private hasAcknowledged = false
  private doubtedAt = Number.NEGATIVE_INFINITY

  constructor(
    private readonly session: ReaderSession,
    private readonly options: StreamFeedOptions,
  ) {
    this.link = new Link(options, {
      resumeRequest: () => {
        // Resuming after a refused document would skip it, so this connection starts from a snapshot.
        if (!session.complete) this.resumePoint = undefined
        return { revision: this.resumePoint, atLeast: this.isRecreated ? undefined : session.revision }
      },
      opened: () => (this.hasAcknowledged = false),
      frame: (frame) => this.receive(frame),
      down: (failure) => this.down(failure),
    })
  }

  start(from: number | undefined): void {
    this.resumePoint = from
    this.link.start()
  }

  /** Reconnects only if documents are missing or still refused, because a bot that reconnects is missing from its canary meanwhile. */
  rosterChanged(): void {
    if (this.resumePoint !== undefined) this.session.reverify() // guards: roster-without-reconnect, held-verified-by-newer-roster
    if (this.resumePoint === undefined || !this.session.complete) this.restartFromSnapshot()
  }

  private restartFromSnapshot(): void {
    this.resumePoint = undefined
    this.link.reconnect()
  }

  async stop(): Promise<void> {
    this.leaving?.cancel()
    await this.link.stop()
  }

  private receive(frame: StreamFrame): void {
    const { session } = this
    if (session.state === 'CLOSED') return
    this.leaving?.cancel()
    if (frame.revision < session.revision && !this.isRecreated) return this.onLowerRevision(frame.revision) // guard: lower-revision
    this.connectionsBehind = 0
    if (frame.standing !== undefined) session.prove(frame.standing)
    if (frame.freshness !== undefined) session.takeFreshness(frame.freshness)
    session.confirm()
    if (frame.type === 'heartbeat') this.heartbeat(frame.revision)
    else this.apply(frame)
  }

  /** Reconnects after a lower revision: this instance is behind, and another one may not be. */
  private onLowerRevision(revision: number): void {
    if (this.options.isPage === true) {
      const reason = `the server is at revision ${revision}, and ${this.session.revision} is held`
      this.session.becomeStale(reason, 'HMS_BRIDGE_SERVER_BEHIND')
      this.link.reconnect(reason)
    } else if (this.isStoreRecreated()) this.restartFromSnapshot()
    else this.link.reconnect()
  }

  private isStoreRecreated(): boolean {
    return (this.isRecreated = ++this.connectionsBehind >= MAX_BEHIND)
  }

  private apply({ type, revision, documents, along: bundleSiblings }: StreamFrame): void {
    this.session.apply(revision, documents, { bundleSiblings, isSnapshot: type === 'snapshot' })
    this.isRecreated = false
    this.resumePoint = revision
    this.session.contact.made()
  }

  private heartbeat(revision: number): void {
    // A heartbeat before the requested snapshot confirms nothing, nor one while a document is refused.
    if (this.resumePoint === undefined || !this.session.complete) return
    if (this.options.policies !== undefined) {
      // The revisions in between concern other readers only, so the reader need not request them after a reconnect.
      this.session.copy.revision = revision
      this.resumePoint = revision
    }
    const code = this.session.updateState()
    this.session.contact.made()
    if (!this.hasAcknowledged) this.applied()
    if (code === 'HMS_FRESHNESS_MIXED') this.doubtHeads()
  }

  /** Requests a snapshot, because changes after the resume point do not deliver a head that a restored store recorded before that point. */
  private doubtHeads(): void {
    const now = this.session.time.elapsed()
    if (now - this.doubtedAt < DOUBT_PAUSE_MS) return
    this.doubtedAt = now
    this.restartFromSnapshot() // guard: mixed-heads-read-again
  }

  applied(): void {
    if (this.options.reader.bot === undefined) return
    this.hasAcknowledged = true
    const { copy } = this.session
    const held = copy.notYetEffective()
    this.link.send({
      type: 'applied',
      revision: copy.revision,
      applied: copy.applied(),
      ...(Object.keys(held).length === 0 ? {} : { held }),
      cohortKey: true,
    })
  }

  private down(failure: LinkFailure): void {
    const { reason, refused, error } = failure
    if (error !== undefined && this.options.isPage === true) this.session.emitError(error)
    if (failure.damaged === true) this.resumePoint = undefined
    this.leaving?.cancel()
    // A reader that the server asked to reconnect becomes stale only when its last frame is old.
    if (failure.leaving === true) this.leaving = this.options.clock.after(SILENCE_MS, () => this.session.becomeStale(reason))
    else this.session.becomeStale(reason)
    if (refused !== undefined) this.onRefusal(refused, failure.isFromIntermediary === true)
    this.session.contact.failed(failure)
  }

  private onRefusal(refused: HmsError, isFromIntermediary: boolean): void {
    if (refused.code === STORE_BEHIND && this.isStoreRecreated()) this.resumePoint = undefined
    if (refused.retryable || isFromIntermediary || this.options.isPage === true) this.session.emitError(refused)
    else this.session.enterError(refused)
  }
}
