import type { PublishedHead } from '#libs/contracts'
import { scopesOverlap } from '#libs/policy'
import type { Acknowledgements } from '../silence.js'

/** One policy of a canary: the head that was last issued for it and what the store and the bots said of it. */
export interface CanaryMember {
  policy: string
  seq: number
  release: string
  /** The stable release it stands on; `null` for a first version. */
  base: string | null
  /** Number of a stable head that named it. */
  baseSeq?: number
  share: number
  published: boolean
  connected: number
  /** Bots that should run it, and that said they do. */
  expected: number
  acknowledged: number
  /** Beside heads of earlier steps: the head that `expected` was last reported for. */
  countedSeq?: number
  /** Names of those that did not, as far as they were told. */
  silent: string[]
  /** Whether any bot ever said that it runs it. */
  heard: boolean
  /** From when on it is in force (RFC 3339), where that lay ahead when the canary began: until then its cohort only holds it. */
  beginsAt?: string
  /** Where its share grew: the shares that the store has had, the smallest first. */
  shown?: readonly ShownShare[]
}

export interface ShownShare {
  share: number
  /** When config-store stored a head with it (RFC 3339). */
  since: string
}

/** A head of a canary with its scope: of the step that is under way, or of an earlier one that stays. */
export interface PlacedMember extends CanaryMember {
  scope: string
}

/** The bots of one policy, over scopes that its canary is shown in: each bot counts in one of them. */
export interface CohortNumbers extends Acknowledgements {
  policy: string
  connected: number
  heard: boolean
}

/** The fields of a canary that say where it is shown, and to whom. */
interface Heads {
  scope: string
  cohortKey?: string
  members: CanaryMember[]
  earlier?: PlacedMember[]
}

export function headsOf({ members, scope, earlier = [] }: Heads): PlacedMember[] {
  return [...earlier, ...members.map((member) => ({ ...member, scope }))]
}

/** The id that the buckets of a member hash: of a bundle the same for all, so that one cohort has all of it or nothing. */
export function cohortKeyOf({ cohortKey }: Pick<Heads, 'cohortKey'>, policy: string): string {
  return cohortKey ?? policy
}

/** Which of these stored heads are the ones that were last issued for it. */
export function newestHeads(canary: Heads, heads: readonly PublishedHead[]): PublishedHead[] {
  const issued = headsOf(canary)
  return heads.filter(({ policy, scope, seq }) => issued.some((head) => head.policy === policy && head.scope === scope && head.seq === seq))
}

/** With these heads in the place of those of the same policy and scope. */
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

/** Where bots are counted, they are counted by this: a bot may have the release by the head of an earlier step. */
export function numbersOf(canary: Heads): readonly CohortNumbers[] {
  return canary.earlier === undefined ? canary.members : numbersIn(canary, headsOf(canary))
}

/** The bots where the step under way is shown, by policy. Those of earlier steps elsewhere are no evidence for it. */
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
