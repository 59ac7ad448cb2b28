import type { RolloutPlan, StageName } from '#libs/contracts'
import type { PolicyDocument } from '#libs/policy'

/** Actions that rules judge: signing (`approve`), starting a stage (`advance`), rolling back. */
export const GUARD_ACTIONS = ['approve', 'advance', 'rollback'] as const
export type GuardAction = (typeof GUARD_ACTIONS)[number]

/** Tag that makes a policy a guard rule. */
export const GUARD_TAG = 'guard'

/** A guard rule as read from its release. */
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
  /** Policies that the rule applies to, by id or by tag. Without `policies` and `tags`: all policies that are not guard rules. */
  policies?: string[]
  tags?: string[]
  /** Why the rule cannot be trusted; such a rule denies everything it could apply to. */
  problem?: string
}

export interface GuardPrincipal {
  kind: 'person' | 'operator' | 'service' | 'program'
  id: string
  name: string
  /** Roles of the principal in the roster; scopes of a program. */
  roles: string[]
}

/** Request about one policy; a bundle is judged policy by policy. */
export interface GuardRequest {
  action: GuardAction
  principal: GuardPrincipal
  next: PolicyDocument
  /** Live version of the policy; `null` for a first version. */
  previous: PolicyDocument | null
  /** Author as named in the release. */
  author: string | null
  /** Ids of the people in the roster with the author's name. */
  authors: string[]
  /** Role of the roster that approves `next`; `null` if none may. */
  approvers: string | null
  plan: RolloutPlan
  /** Stage about to start; `null` for other actions. */
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

/** Maximum rules for one request. */
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

/**
 * Whether a rule applies to a request: never to its own policy, so that a rule that always fails can be replaced; to other guard rules only
 * if it names them, and never to their rollback. Tags of the live version count too: dropping a tag does not evade a rule.
 */
export function applies(rule: GuardRule, { action, next, previous }: Pick<GuardRequest, 'action' | 'next' | 'previous'>): boolean {
  if (!rule.when.includes(action) || rule.id === next.id) return false
  const tags = [...tagsOf(next), ...(previous === null ? [] : tagsOf(previous))]
  const isNamed = rule.policies?.includes(next.id) === true || rule.tags?.some((tag) => tags.includes(tag)) === true
  if (tags.includes(GUARD_TAG)) return isNamed && action !== 'rollback'
  return isNamed || (rule.policies === undefined && rule.tags === undefined)
}

function tagsOf({ tags }: GuardRequest['next']): string[] {
  return Array.isArray(tags) ? tags : []
}
