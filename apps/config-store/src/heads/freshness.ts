import type { Envelope } from '#libs/contracts'
import { Clock } from '#libs/platform'
import { Rosters } from '#libs/service'
import { FRESHNESS_LIFE_MS, freshnessAhead, judgeFreshness, readFreshness, type FreshnessPredicate } from '#libs/signing'
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common'
import { StoreTime } from '../store-time.js'

export interface FreshnessStatement {
  envelope: Envelope
  predicate: FreshnessPredicate
}

/** Maximum wait in ms for heads: far longer than any path takes, far shorter than the 20 s after which readers are STALE. */
const MAX_WAIT_FOR_HEADS_MS = 5_000

/**
 * Keeps rollout's newest statement on all stable heads, and the published one: a statement is published with or after the heads it covers,
 * or after 5 s without them. Statements are in memory only: a new one arrives within ten seconds, and an old one is worthless.
 */
@Injectable()
export class Freshness implements BeforeApplicationShutdown {
  private newest: FreshnessStatement | undefined
  private published: FreshnessStatement | undefined
  /** Digest of the stable heads that this instance has pushed. */
  private pushed: string | undefined
  private cancelWait: (() => void) | undefined
  private readonly listeners: ((statement: FreshnessStatement, isNews: boolean) => void)[] = []
  private readonly startedMs = this.time.nowMs()

  constructor(
    private readonly rosters: Rosters,
    private readonly clock: Clock,
    private readonly time: StoreTime,
  ) {}

  /** Statement that readers may receive. */
  get current(): FreshnessStatement | undefined {
    return this.published
  }

  /** Whether readers are STALE because rollout's last statement has expired, or none arrived for as long as one is valid. */
  get isExpired(): boolean {
    const expires = this.published?.predicate.expires
    return this.time.nowMs() >= (expires === undefined ? this.startedMs + FRESHNESS_LIFE_MS : Date.parse(expires))
  }

  /** Registers a listener of newer publishable statements. `isNews`: it covers other heads than before, and no change frame has it. */
  onStatement(listener: (statement: FreshnessStatement, isNews: boolean) => void): void {
    this.listeners.push(listener)
  }

  /** Accepts a newer statement; otherwise returns `false`. Throws `SignatureError` if not signed by rollout or dated far ahead. */
  accept(envelope: Envelope): boolean {
    const predicate = readFreshness(envelope, this.rosters.newest)
    const now = this.time.nowMs()
    const verdict = judgeFreshness(predicate, this.newest?.predicate, now)
    if (verdict === 'ahead') throw freshnessAhead(predicate, now)
    if (verdict === 'older') return false
    this.newest = { envelope, predicate }
    const isNews = predicate.stable !== this.published?.predicate.stable
    if (!isNews || predicate.stable === this.pushed) this.publish(isNews) // guard: freshness-order
    // If the heads never arrive, readers receive the statement anyway: revealing missing heads is its purpose.
    else this.cancelWait ??= this.clock.after(MAX_WAIT_FOR_HEADS_MS, () => this.publish(true)) // guard: freshness-alone
    return true
  }

  /** Records that stable heads of this digest are being pushed. Returns their unsent statement, to be sent in the same change. */
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
