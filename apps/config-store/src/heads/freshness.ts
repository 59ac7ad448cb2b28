import type { Envelope } from '#libs/contracts'
import { freshnessAhead, judgeFreshness, readFreshness, type FreshnessPredicate } from '#libs/signing'
import { ServiceRuntime } from '#libs/service'
import { Injectable } from '@nestjs/common'
import { StoreTime } from '../store-time.js'

export interface FreshWord {
  envelope: Envelope
  predicate: FreshnessPredicate
}

/** Rollout's newest word on all stable heads. Held in memory: it comes again within ten seconds, and a day-old one is worth nothing. */
@Injectable()
export class Freshness {
  private held: FreshWord | undefined
  private readonly listeners: ((word: FreshWord, isNews: boolean) => void)[] = []

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly time: StoreTime,
  ) {}

  get newest(): Envelope | undefined {
    return this.held?.envelope
  }

  /** Called with each newer word. `isNews`: it is about other heads than the one before. */
  onWord(listener: (word: FreshWord, isNews: boolean) => void): void {
    this.listeners.push(listener)
  }

  /** `false`: not newer than what is held. Throws `SignatureError` unless rollout signed it, or where it is dated far ahead. */
  take(envelope: Envelope): boolean {
    const predicate = readFreshness(envelope, this.runtime.roster)
    const [before, now] = [this.held?.predicate, this.time.nowMs()]
    const verdict = judgeFreshness(predicate, before, now)
    if (verdict === 'ahead') throw freshnessAhead(predicate, now)
    if (verdict === 'older') return false
    this.held = { envelope, predicate }
    for (const listener of this.listeners) listener(this.held, before?.stable !== predicate.stable)
    return true
  }
}
