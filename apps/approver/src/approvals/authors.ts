import { action, HmsError } from '#libs/contracts'
import { approvalRequirement, authorRule, authorsOf, orRefusal, SignatureError, type ApprovalRequirement, type Roster } from '#libs/signing'
import type { NewPolicy } from './prepare-release.js'

export interface NamedAuthors {
  /** Author of all policies, as given by the caller. */
  author?: string
  /** Last committer of each policy's file, by policy id; used only if the roster has a person of that name. */
  committedBy?: Record<string, string>
}

/**
 * Returns the author's name: from the caller, else the policy's `owner`, else its file's committer, else `null`; spelt as in the roster.
 * Throws `HMS_APPROVER_AUTHOR_UNKNOWN` if the roster must know the author, and `HMS_APPROVER_NOBODY_LEFT` if too few others may approve.
 */
export function authorOf(
  { policy, droppedTags, breakGlass }: Omit<NewPolicy, 'digest'>,
  { author, committedBy = {} }: NamedAuthors,
  roster: Roster,
): string | null {
  const named =
    author ?? (typeof policy.owner === 'string' && policy.owner !== '' ? policy.owner : committerOf(committedBy[policy.id], roster))
  const known = authorsOf(roster, named)
  const requirement = requirementOf({ policy, droppedTags, breakGlass }, roster)
  const rule = authorRule(roster, requirement, named)
  if (rule.mustBeKnown && known.length === 0) {
    const problem =
      named === null ? `The author of ${policy.id} is missing` : `The roster has no person "${named}", named as the author of ${policy.id}`
    const detail = `${problem}. Name the author with --author, as the roster does.`
    throw new HmsError('HMS_APPROVER_AUTHOR_UNKNOWN', detail, { status: 422, next: [action('roster.show'), action('approve.author')] })
  }
  const others = requirement.eligible.filter((id) => rule.counts || !rule.ids.has(id))
  if (others.length < requirement.threshold) {
    throw new HmsError(
      'HMS_APPROVER_NOBODY_LEFT',
      `${policy.id} needs ${requirement.threshold} of role ${requirement.role}, and without its author there are ${others.length}.`,
      { status: 422, next: [action('roster.show')] },
    )
  }
  return known.length === 1 ? known[0]!.name : named
}

function requirementOf(release: Omit<NewPolicy, 'digest'>, roster: Roster): ApprovalRequirement {
  const requirement = orRefusal(() => approvalRequirement(roster, release))
  if (!(requirement instanceof SignatureError)) return requirement
  throw new HmsError(requirement.code, `${release.policy.id} cannot be approved: ${requirement.detail}.`, {
    status: 422,
    cause: requirement,
    next: [action('roster.show')],
  })
}

function committerOf(name: unknown, roster: Roster): string | null {
  return typeof name === 'string' && roster.principalByName(name)?.kind === 'person' ? name : null
}
