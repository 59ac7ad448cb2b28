import type { PublishedHead } from '#libs/contracts'
import { scopesOverlap } from '#libs/policy'
import type { Acknowledgements } from '../silence.js'

/** One policy of a canary: its last issued head, and the reported bot counts. */
export interface CanaryMember {
  policy: string
  seq: number
  release: string
  /** Stable release that the canary is based on; `null` for a first version. */
  base: string | null
  /** `seq` of a stable head that named `base`. */
  baseSeq?: number
  share: number
  published: boolean
  connected: number
  /** Connected bots that should have the release, and those that acknowledged it. */
  expected: number
  acknowledged: number
  /** `seq` of the head for which coverage last reported `expected`. Set only while heads of earlier steps exist. */
  countedSeq?: number
  /** Names of silent bots; the reports are limited to `MAX_SILENT`. */
  silent: string[]
  /** Whether any bot ever acknowledged the release. */
  heard: boolean
  /** Effective time (RFC 3339), if in the future when the canary began. Until then the cohort has the release but does not apply it. */
  beginsAt?: string
  /** Shares that config-store stored, smallest first; set once the share grew. */
  shown?: readonly StoredShare[]
}

export interface StoredShare {
  share: number
  /** When config-store stored a head with this share (RFC 3339). */
  since: string
}

export const UNISSUED = { seq: 0, published: false, connected: 0, expected: 0, acknowledged: 0, silent: [], heard: false }

/** A canary member with the scope of its head: of the current step, or of an earlier step still in effect. */
export interface ScopedMember extends CanaryMember {
  scope: string
}

/** Bot counts of one policy over several scopes of its canary. Each bot counts in one scope. */
export interface CohortCounts extends Acknowledgements {
  policy: string
  connected: number
  heard: boolean
}

/** Fields of a canary that define its heads and cohort. */
interface Heads {
  scope: string
  cohortKey?: string
  members: CanaryMember[]
  earlier?: ScopedMember[]
}

export function headsOf({ members, scope, earlier = [] }: Heads): ScopedMember[] {
  return [...earlier, ...members.map((member) => ({ ...member, scope }))]
}

/** Returns the hash key of a member's buckets. All members of a bundle have the same key, so a bot gets the whole bundle or none of it. */
export function cohortKeyOf({ cohortKey }: Pick<Heads, 'cohortKey'>, policy: string): string {
  return cohortKey ?? policy
}

/** Returns the stored heads that are the last issued ones of their policy and scope. */
export function newestHeads(canary: Heads, heads: readonly PublishedHead[]): PublishedHead[] {
  const issued = headsOf(canary)
  return heads.filter(({ policy, scope, seq }) => issued.some((head) => head.policy === policy && head.scope === scope && head.seq === seq))
}

/** Returns the canary with `heads` in place of its heads of the same policy and scope. */
export function withHeads<C extends Heads>(canary: C, heads: readonly ScopedMember[]): C {
  const find = (policy: string, scope: string): ScopedMember | undefined =>
    heads.find((head) => head.policy === policy && head.scope === scope)
  const members = canary.members.map((member) => {
    const found = find(member.policy, canary.scope)
    if (found === undefined) return member
    const { scope: _scope, ...head } = found
    return head
  })
  if (canary.earlier === undefined) return { ...canary, members }
  return { ...canary, members, earlier: canary.earlier.map((head) => find(head.policy, head.scope) ?? head) }
}

/** Returns the bot counts by policy, over all scopes: a bot may have the release through the head of an earlier step. */
export function botCounts(canary: Heads): readonly CohortCounts[] {
  return canary.earlier === undefined ? canary.members : sumByPolicy(canary, headsOf(canary))
}

/** Returns the bot counts of the current step by policy. Bots of earlier steps in other scopes are no evidence for this step. */
export function botCountsOfStep(canary: Heads): readonly CohortCounts[] {
  if (canary.earlier === undefined) return canary.members
  return sumByPolicy(
    canary,
    headsOf(canary).filter(({ scope }) => scopesOverlap(scope, canary.scope)),
  )
}

function sumByPolicy({ members }: Heads, heads: readonly ScopedMember[]): CohortCounts[] {
  return members.map(({ policy }) => {
    const mine = heads.filter((head) => head.policy === policy)
    const sum = (count: (head: ScopedMember) => number): number => mine.reduce((total, head) => total + count(head), 0)
    return {
      policy,
      connected: Math.max(...mine.map(({ connected }) => connected)),
      expected: sum(({ expected }) => expected),
      acknowledged: sum(({ acknowledged }) => acknowledged),
      silent: [...new Set(mine.flatMap(({ silent }) => silent))],
      heard: mine.some(({ heard }) => heard),
    }
  })
}
