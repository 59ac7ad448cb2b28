import type { ReleaseDocument } from '#libs/contracts'
import type { PolicyDocument } from '#libs/policy'
import { approvalState, readRelease, type Roster } from '#libs/signing'
import { describe } from './compile.js'
import { readRule } from './read-rule.js'
import { GUARD_ACTIONS, isGuardPolicy, type GuardRule } from './rule.js'

/**
 * Returns the rules of these releases. An invalid rule, or one that lacks approvals by the roster, is not omitted: it is a rule with a
 * `problem`, and denies everything it may have applied to.
 */
export function rulesOfReleases(releases: readonly ReleaseDocument[], roster: Roster): GuardRule[] {
  return releases.map((release) => {
    try {
      return ruleOf(release, roster)
    } catch (error) {
      return unbelievable(release, describe(error))
    }
  })
}

function ruleOf(release: ReleaseDocument, roster: Roster): GuardRule {
  // The signed content counts, not unsigned members of the message.
  const opened = readRelease(release.envelope)
  const { predicate, digest } = opened
  const policy = predicate.policy as PolicyDocument
  const known = { id: policy.id, version: policy.version, releaseDigest: digest }
  if (!isGuardPolicy(policy)) return unbelievable(known, 'its policy is no guard rule')
  const read = readRule(policy)
  if (!read.ok) return unbelievable(known, read.problems[0]!.message)
  const { complete, missing } = approvalState(roster, opened)
  if (!complete) return { ...read.rule, digest, problem: `its release lacks approval by ${missing.join(', ')}` }
  return { ...read.rule, digest }
}

function unbelievable(
  { id, version, releaseDigest }: Pick<ReleaseDocument, 'id' | 'version' | 'releaseDigest'>,
  problem: string,
): GuardRule {
  const nothing = { kind: 'cel', text: 'false', message: problem, severity: 'deny' } as const
  return { id, version, digest: releaseDigest, ...nothing, when: [...GUARD_ACTIONS], problem }
}
