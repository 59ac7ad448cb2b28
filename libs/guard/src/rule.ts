import type { RolloutPlan, StageName } from '#libs/contracts'
import type { PolicyDocument } from '#libs/policy'

/** Actions that rules judge: a signature, the start of a stage, a rollback. */
export const GUARD_ACTIONS = ['approve', 'advance', 'rollback'] as const
export type GuardAction = (typeof GUARD_ACTIONS)[number]

/** Tag that makes a policy a guard rule. */
export const GUARD_TAG = 'guard'

/** Rule as read from its release. */
export interface GuardRule {
  /** Id and version of its policy. */
  id: string
  version: string
  /** Release digest. */
  digest: string
  /** `cedar`: one `forbid`, which must not match. `cel`: an expression that must be true. */
  kind: 'cedar' | 'cel'
  text: string
  /** One sentence for the caller whose action it denies. */
  message: string
  severity: 'deny' | 'warn'
  when: GuardAction[]
  /** Policies it applies to, by id or by tag; without either all that are not guard rules themselves. */
  policies?: string[]
  tags?: string[]
  /** Why the rule cannot be trusted; such a rule denies everything it could apply to. */
  problem?: string
}

export interface GuardPrincipal {
  kind: 'person' | 'operator' | 'service' | 'program'
  id: string
  name: string
  /** Its roles in the roster; for a program its scopes. */
  roles: string[]
}

/** Request about one policy; a bundle is judged policy by policy. */
export interface GuardRequest {
  action: GuardAction
  principal: GuardPrincipal
  next: PolicyDocument
  /** Live version; `null` before a first version. */
  previous: PolicyDocument | null
  /** Author as named in the release. */
  author: string | null
  /** Ids of the people of the roster with that name. */
  authors: string[]
  /** Role of the roster that approves `next`; `null` if none may. */
  approvers: string | null
  plan: RolloutPlan
  /** `null` unless a stage is about to start. */
  stage: StageName | null
}

export interface GuardVerdict {
  verdict: 'PASS' | 'WARN' | 'FAIL'
  /** `ID@VERSION` of the rule that decided; missing on PASS. */
  rule?: string
  sentence: string
  /** Release digests of the evaluated rules, sorted. */
  ruleDigests: string[]
}

/** Limit of rules for one request. */
export const MAX_RULES = 16
export const MAX_RULE_LENGTH = 2_048
/** Size limit of a rule policy's canonical JSON, so that all rules fit into a run's events. */
export const MAX_RULE_BYTES = 3_072

export function isGuardPolicy(policy: PolicyDocument): boolean {
  return Array.isArray(policy.tags) && policy.tags.includes(GUARD_TAG)
}

export function ruleName({ id, version }: Pick<GuardRule, 'id' | 'version'>): string {
  return `${id}@${version}`
}

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
