import { FRESHNESS_EVERY_MS, FRESHNESS_LIFE_MS, judgeFreshness, type FreshnessPredicate } from '#libs/signing'

/** Why a reader cannot say that what it holds is all there is. */
export type Doubt =
  /** The newest roster that is known was valid until earlier: who is trusted has not been said again. */
  | 'HMS_ROSTER_EXPIRED'
  /** No word of rollout since first contact. */
  | 'HMS_FRESHNESS_MISSING'
  /** The last one has expired: somebody keeps newer ones back, or rollout is away. */
  | 'HMS_FRESHNESS_EXPIRED'
  /** The last one is dated far ahead of this reader's time, and no right one is held: one of the two clocks is wrong. */
  | 'HMS_FRESHNESS_AHEAD'
  /** It speaks of other stable heads than are held: some are kept back, or mixed. */
  | 'HMS_FRESHNESS_MIXED'

/** Whether a statement speaks of the stable heads that are held. */
export type IsHeld = (statement: FreshnessPredicate) => boolean

/** A head and the word on it come by different ways; one may be a little ahead. */
const GRACE_MS = 2 * FRESHNESS_EVERY_MS

/** Compares what is held with rollout's newest word on all stable heads. Pure; times in ms. */
export class FreshnessWatch {
  private newest: FreshnessPredicate | undefined
  private contactAt: number | undefined
  private mixedSince: number | undefined
  private ahead = false

  /** `nowMs`: the time by which this one is judged. */
  hear(word: FreshnessPredicate, nowMs: number): 'newer' | 'older' | 'ahead' {
    const verdict = judgeFreshness(word, this.newest, nowMs)
    this.ahead = verdict === 'ahead'
    if (verdict === 'newer') this.newest = word
    return verdict
  }

  /** `isHeld`: whether a statement speaks of the heads that are held. Asked at each frame. */
  doubt(isHeld: IsHeld, nowMs: number): Doubt | undefined {
    this.contactAt ??= nowMs
    if (this.newest === undefined) {
      if (this.ahead) return 'HMS_FRESHNESS_AHEAD'
      return nowMs - this.contactAt > FRESHNESS_LIFE_MS ? 'HMS_FRESHNESS_MISSING' : undefined
    }
    if (nowMs >= Date.parse(this.newest.expires)) return this.ahead ? 'HMS_FRESHNESS_AHEAD' : 'HMS_FRESHNESS_EXPIRED'
    if (isHeld(this.newest)) this.mixedSince = undefined
    else this.mixedSince ??= nowMs
    return this.mixedSince !== undefined && nowMs - this.mixedSince > GRACE_MS ? 'HMS_FRESHNESS_MIXED' : undefined
  }
}
