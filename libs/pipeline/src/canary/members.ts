import type { PublishedHead } from '#libs/contracts'
import { scopesOverlap } from '#libs/policy'
import type { Acknowledgements } from '../silence.js'

/** One policy of a canary: its last issued head, and what the store and the bots reported about it. */
export interface CanaryMember {
  policy: string
  seq: number
  release: string
  /** Stable release that it is based on; `null` for a first version. */
  base: string | null
  /** Number of a stable head that named the base. */
  baseSeq?: number
  share: number
  published: boolean
  connected: number
  /** Bots that should run it, and bots that acknowledged it. */
  expected: number
  acknowledged: number
  /** Head that `expected` was last reported for; set beside heads of earlier steps. */
  countedSeq?: number
  /** Names of silent bots, as far as reported. */
  silent: string[]
  /** Whether any bot ever acknowledged it. */
  heard: boolean
  /** Effective time (RFC 3339), if in the future when the canary began: until then the cohort only holds it. */
  beginsAt?: string
  /** Stored shares, smallest first; set once the share grew. */
  shown?: readonly ShownShare[]
}

export interface ShownShare {
  share: number
  /** When config-store stored a head with this share (RFC 3339). */
  since: string
}

/** A member before its first head. */
export const UNISSUED = { seq: 0, published: false, connected: 0, expected: 0, acknowledged: 0, silent: [], heard: false }

/** Canary head with its scope: of the current step, or of an earlier one that stays. */
export interface PlacedMember extends CanaryMember {
  scope: string
}

/** Bots of one policy, over all scopes of its canary; each bot counts in one of them. */
export interface CohortNumbers extends Acknowledgements {
  policy: string
  connected: number
  heard: boolean
}

/** Fields of a canary that define its heads and cohort. */
interface Heads {
  scope: string
  cohortKey?: string
  members: CanaryMember[]
  earlier?: PlacedMember[]
}

export function headsOf({ members, scope, earlier = [] }: Heads): PlacedMember[] {
  return [...earlier, ...members.map((member) => ({ ...member, scope }))]
}

/** Returns the id that the buckets of a member hash. It is the same for all members of a bundle, so one cohort has all of it or nothing. */
export function cohortKeyOf({ cohortKey }: Pick<Heads, 'cohortKey'>, policy: string): string {
  return cohortKey ?? policy
}

/** Returns those of the stored heads that are the last issued ones. */
export function newestHeads(canary: Heads, heads: readonly PublishedHead[]): PublishedHead[] {
  const issued = headsOf(canary)
  return heads.filter(({ policy, scope, seq }) => issued.some((head) => head.policy === policy && head.scope === scope && head.seq === seq))
}

/** Returns the canary with these heads replacing those of the same policy and scope. */
export function withHeads<C extends Heads>(canary: C, heads: readonly PlacedMember[]): C {
  const find = (policy: string, scope: string): PlacedMember | undefined =>
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

/** Returns the numbers of bots by policy; over all scopes, because a bot may have the release through the head of an earlier step. */
export function numbersOf(canary: Heads): readonly CohortNumbers[] {
  return canary.earlier === undefined ? canary.members : numbersIn(canary, headsOf(canary))
}

/** Returns the numbers of bots of the current step, by policy. Bots of earlier steps elsewhere are no evidence for it. */
export function numbersOfStep(canary: Heads): readonly CohortNumbers[] {
  if (canary.earlier === undefined) return canary.members
  return numbersIn(
    canary,
    headsOf(canary).filter(({ scope }) => scopesOverlap(scope, canary.scope)),
  )
}

function numbersIn({ members }: Heads, heads: readonly PlacedMember[]): CohortNumbers[] {
  return members.map(({ policy }) => {
    const mine = heads.filter((head) => head.policy === policy)
    const sum = (count: (head: PlacedMember) => number): number => mine.reduce((total, head) => total + count(head), 0)
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
