import { isObject } from '#libs/contracts'
import { isDigest } from '../digest.js'
import { STABLE_SCOPE, type HeadPredicate } from '../head.js'
import type { PreparedRelease } from '../release.js'
import { droppedTags, governingTags, tagsOf } from '../roster/governing-tags.js'
import type { Roster } from '../roster/roster.js'
import { isCount, isString, listOf, objectOf, optional, type Check } from '../shape.js'
import { SignatureError } from '../signature-error.js'
import type { VerifiedHead } from './verify-head.js'

/** Highest release of a policy that a reader has seen. Below its epoch, only its fallbacks are accepted. */
export interface Floor {
  releaseEpoch: number
  digest: string
  /** Release digests. */
  fallbacks: string[]
  /** Tags of the highest stable release that select approvers. The next release must have them or declare them as dropped. */
  tags?: string[]
}

/** Floors of a reader as JSON. The reader stores them with its documents, so that they survive a restart. */
export interface FloorMemory {
  /** Floors by policy id for stable releases, and by `policy@scope` for releases of canaries. */
  releases: Record<string, Floor>
  /** Highest `seq` of a head by `policy@scope`. */
  heads: Record<string, number>
}

/**
 * Protects a reader from rollback attacks. Rejects a head with a lower `seq` than a known one; a release with a lower epoch than the
 * highest one, unless that one lists it as fallback; and a release that drops, without declaring it, a tag that selects approvers. The
 * fallbacks of a fallback are ignored, so that a reader cannot be reverted further. A release seen only in a canary restricts later
 * canaries of its scope but no stable release, because it may never become stable.
 */
export class Floors {
  private readonly releases: Map<string, Floor>
  private readonly heads: Map<string, number>

  constructor(memory?: FloorMemory) {
    this.releases = new Map(Object.entries(memory?.releases ?? {}))
    this.heads = new Map(Object.entries(memory?.heads ?? {}))
  }

  /**
   * Checks a head with its current and its next release, and updates the floors. Throws `HMS_HEAD_REPLAYED`, `HMS_RELEASE_BELOW_FLOOR` or
   * `HMS_RELEASE_TAG_DROPPED`. The current release is not checked if the next one has replaced it by `nowMs`.
   */
  admit({ head, release, next, isLapsed }: VerifiedHead, roster: Roster, nowMs: number): void {
    const key = headKey(head)
    const seq = this.heads.get(key) ?? 0
    if (head.seq < seq) throw new SignatureError('HMS_HEAD_REPLAYED', `head ${head.seq} of ${key} is older than head ${seq}`)
    const isEffective = next !== null && next.atMs <= nowMs
    if (release !== null && !isEffective && !isLapsed) this.admitRelease(release, head, roster)
    if (next !== null) this.admitRelease(next.release, head, roster)
    this.heads.set(key, head.seq)
  }

  memory(): FloorMemory {
    return { releases: Object.fromEntries(this.releases), heads: Object.fromEntries(this.heads) }
  }

  private admitRelease({ predicate, digest }: PreparedRelease, head: HeadPredicate, roster: Roster): void {
    const { releaseEpoch, fallbacks, policy } = predicate
    const isStable = head.scope === STABLE_SCOPE
    const stable = this.releases.get(policy.id)
    const floor = isStable ? stable : higherOf(stable, this.releases.get(headKey(head)))
    const name = `${policy.id}@${policy.version}`
    if (floor === undefined || releaseEpoch > floor.releaseEpoch || digest === floor.digest) {
      const held = tagsOf(predicate)
      const [droppedTag] = droppedTags(roster, held, stable?.tags ?? [])
      if (droppedTag !== undefined) {
        throw new SignatureError(
          'HMS_RELEASE_TAG_DROPPED',
          `${name} drops the tag ${droppedTag} of the newest stable version without declaring it`,
        )
      }
      const seen = { releaseEpoch, digest, fallbacks: fallbacks.map((ref) => ref.digest) }
      if (isStable) this.releases.set(policy.id, { ...seen, tags: governingTags(roster, held) })
      else this.releases.set(headKey(head), seen)
      return
    }
    if (floor.fallbacks.includes(digest)) return
    throw new SignatureError(
      'HMS_RELEASE_BELOW_FLOOR',
      `${name} has epoch ${releaseEpoch}, but a release with epoch ${floor.releaseEpoch} was seen that does not list it as fallback`,
    )
  }
}

function higherOf(a: Floor | undefined, b: Floor | undefined): Floor | undefined {
  return (a?.releaseEpoch ?? 0) >= (b?.releaseEpoch ?? 0) ? (a ?? b) : b
}

function headKey({ policy, scope }: HeadPredicate): string {
  return `${policy}@${scope}`
}

const isRecordOf = (value: unknown, isRight: Check): boolean => isObject(value) && Object.values(value).every(isRight)

const isFloor = objectOf({ releaseEpoch: isCount, digest: isDigest, fallbacks: listOf(isDigest), tags: optional(listOf(isString)) })

export function isFloorMemory(value: unknown): value is FloorMemory {
  const { releases, heads } = (value ?? {}) as Partial<FloorMemory>
  return isRecordOf(releases, isFloor) && isRecordOf(heads, isCount)
}
