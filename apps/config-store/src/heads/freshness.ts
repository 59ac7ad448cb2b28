import type { Envelope } from '#libs/contracts'
import { freshnessAhead, judgeFreshness, readFreshness, type FreshnessPredicate } from '#libs/signing'
import { ServiceRuntime } from '#libs/service'
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common'
import { StoreTime } from '../store-time.js'

export interface FreshnessStatement {
  envelope: Envelope
  predicate: FreshnessPredicate
}

/** Far longer than heads take on any path, far shorter than the 20 s after which a reader says STALE. */
const WAIT_FOR_HEADS_MS = 5_000

/**
 * Rollout's newest statement on all stable heads, and the one that readers may hear: never before the change that it speaks of. Held in
 * memory: it comes again within ten seconds, and a day-old one is worth nothing.
 */
@Injectable()
export class Freshness implements BeforeApplicationShutdown {
  private newest: FreshnessStatement | undefined
  private published: FreshnessStatement | undefined
  /** Digest of the stable heads that this instance has pushed. */
  private pushed: string | undefined
  private cancelWait: (() => void) | undefined
  private readonly listeners: ((statement: FreshnessStatement, isNews: boolean) => void)[] = []

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly time: StoreTime,
  ) {}

  /** What readers may hear. */
  get current(): FreshnessStatement | undefined {
    return this.published
  }

  /** Called when readers may hear a newer statement. `isNews`: it is about other heads than the one before, and rides in no change. */
  onStatement(listener: (statement: FreshnessStatement, isNews: boolean) => void): void {
    this.listeners.push(listener)
  }

  /** `false`: not newer than what is held. Throws `SignatureError` unless rollout signed it, or where it is dated far ahead. */
  take(envelope: Envelope): boolean {
    const predicate = readFreshness(envelope, this.runtime.roster)
    const now = this.time.nowMs()
    const verdict = judgeFreshness(predicate, this.newest?.predicate, now)
    if (verdict === 'ahead') throw freshnessAhead(predicate, now)
    if (verdict === 'older') return false
    this.newest = { envelope, predicate }
    const isNews = predicate.stable !== this.published?.predicate.stable
    if (!isNews || predicate.stable === this.pushed) this.publish(isNews)
    // Should the heads never come, readers hear of them all the same: that is what the statement is for.
    else this.cancelWait ??= this.runtime.clock.after(WAIT_FOR_HEADS_MS, () => this.publish(true))
    return true
  }

  /** The stable heads of this digest go out now. Returns the statement on them, where readers have not heard it: it rides in the change. */
  headsPushed(digest: string): Envelope | undefined {
    this.pushed = digest
    if (this.newest === undefined || this.newest === this.published || this.newest.predicate.stable !== digest) return undefined
    this.publish(false)
    return this.newest.envelope
  }

  beforeApplicationShutdown(): void {
    this.cancelWait?.()
  }

  private publish(isNews: boolean): void {
    this.cancelWait?.()
    this.cancelWait = undefined
    this.published = this.newest
    for (const listener of this.listeners) listener(this.published!, isNews)
  }
}
