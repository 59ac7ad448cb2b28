import { GUARD_TAG, type GuardRequest, type GuardRule } from './rule.js'

type Question = Pick<GuardRequest, 'action' | 'next' | 'previous'>

/**
 * Whether a rule applies. Never to its own policy, so a rule that always errs can be replaced; to other rules only if it names them, and
 * never to their rollback. A tag that the new version drops still counts: dropping it must not evade a rule.
 */
export function applies(rule: GuardRule, { action, next, previous }: Question): boolean {
  if (!rule.when.includes(action) || rule.id === next.id) return false
  const tags = [...tagsOf(next), ...(previous === null ? [] : tagsOf(previous))]
  const named = rule.policies?.includes(next.id) === true || rule.tags?.some((tag) => tags.includes(tag)) === true
  if (tags.includes(GUARD_TAG)) return named && action !== 'rollback'
  return named || (rule.policies === undefined && rule.tags === undefined)
}

function tagsOf({ tags }: GuardRequest['next']): string[] {
  return Array.isArray(tags) ? tags : []
}
