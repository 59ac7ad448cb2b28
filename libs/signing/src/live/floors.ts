import { isDigest } from '../digest.js'
import { STABLE_SCOPE, type HeadPredicate } from '../head.js'
import type { PreparedRelease } from '../release.js'
import { droppedTags, governingTags, tagsOf } from '../roster/governing-tags.js'
import type { Roster } from '../roster/roster.js'
import { isCount, isString, listOf, objectOf, optional, type Check } from '../shape.js'
import { SignatureError } from '../signature-error.js'
import type { VerifiedHead } from './verify-head.js'

/** The highest release of a policy that a reader ever saw: behind it only what its approvers named. */
export interface Floor {
  releaseEpoch: number
  digest: string
  /** Release digests. */
  fallbacks: string[]
  /** Tags of the highest stable release that a role named: the next one carries them or says that it dropped them. */
  tags?: string[]
}

/** What a reader remembers, also over restarts. Plain JSON: one object per reader is written beside its documents. */
export interface FloorMemory {
  /** By policy id for stable, by `policy@scope` for what only a canary showed. */
  releases: Record<string, Floor>
  /** Highest head number by `policy@scope`. */
  heads: Record<string, number>
}

/**
 * Keeps a reader from being walked back: a head never after one of higher `seq`, a release never behind the highest epoch unless that
 * highest one lists it as fallback, and a policy never out of the role that its tags chose without the release saying so. Anyone who
 * takes a reader back to a fallback takes it no further: the fallbacks of the fallback do not count. What only a canary showed may never
 * come to be: it binds later canaries of its scope, and keeps no stable release out.
 */
export class Floors {
  private readonly releases: Map<string, Floor>
  private readonly heads: Map<string, number>

  constructor(memory?: FloorMemory) {
    this.releases = new Map(Object.entries(memory?.releases ?? {}))
    this.heads = new Map(Object.entries(memory?.heads ?? {}))
  }

  /**
   * Throws `HMS_HEAD_REPLAYED`, `HMS_RELEASE_BELOW_FLOOR` or `HMS_RELEASE_TAG_DROPPED`; else remembers the head, its release, and the one
   * that is held for later. `nowMs`: what was current before a held release whose time has come no longer counts.
   */
  admit({ head, release, next, isLapsed }: VerifiedHead, roster: Roster, nowMs: number): void {
    const place = placeOf(head)
    const seq = this.heads.get(place) ?? 0
    if (head.seq < seq) throw new SignatureError('HMS_HEAD_REPLAYED', `head ${head.seq} of ${place} comes after ${seq}`)
    const isOver = next !== null && next.atMs <= nowMs
    if (release !== null && !isOver && !isLapsed) this.admitRelease(release, head, roster)
    if (next !== null) this.admitRelease(next.release, head, roster)
    this.heads.set(place, head.seq)
  }

  memory(): FloorMemory {
    return { releases: Object.fromEntries(this.releases), heads: Object.fromEntries(this.heads) }
  }

  private admitRelease({ predicate, digest }: PreparedRelease, head: HeadPredicate, roster: Roster): void {
    const { releaseEpoch, fallbacks, policy } = predicate
    const isStable = head.scope === STABLE_SCOPE
    const stable = this.releases.get(policy.id)
    const floor = isStable ? stable : higherOf(stable, this.releases.get(placeOf(head)))
    const name = `${policy.id}@${policy.version}`
    if (floor === undefined || releaseEpoch > floor.releaseEpoch || digest === floor.digest) {
      const held = tagsOf(predicate)
      const [unsaid] = droppedTags(roster, held, stable?.tags ?? [])
      if (unsaid !== undefined) {
        throw new SignatureError(
          'HMS_RELEASE_TAG_DROPPED',
          `${name} no longer carries the tag ${unsaid} of the version before it, and does not say so`,
        )
      }
      const seen = { releaseEpoch, digest, fallbacks: fallbacks.map((ref) => ref.digest) }
      if (isStable) this.releases.set(policy.id, { ...seen, tags: governingTags(roster, held) })
      else this.releases.set(placeOf(head), seen)
      return
    }
    if (floor.fallbacks.includes(digest)) return
    throw new SignatureError(
      'HMS_RELEASE_BELOW_FLOOR',
      `${name} has epoch ${releaseEpoch}, and epoch ${floor.releaseEpoch} was seen, which does not name it as fallback`,
    )
  }
}

function higherOf(a: Floor | undefined, b: Floor | undefined): Floor | undefined {
  return (a?.releaseEpoch ?? 0) >= (b?.releaseEpoch ?? 0) ? (a ?? b) : b
}

function placeOf({ policy, scope }: HeadPredicate): string {
  return `${policy}@${scope}`
}

const isRecordOf = (value: unknown, isRight: Check): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isRight)

const isFloor = objectOf({ releaseEpoch: isCount, digest: isDigest, fallbacks: listOf(isDigest), tags: optional(listOf(isString)) })

/** Whether what lay on a disk is what `memory` gave. */
export function isFloorMemory(value: unknown): value is FloorMemory {
  const { releases, heads } = (value ?? {}) as Partial<FloorMemory>
  return isRecordOf(releases, isFloor) && isRecordOf(heads, isCount)
}
