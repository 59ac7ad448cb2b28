import type { RolloutPlan, StageName } from '#libs/contracts'
import type { PolicyDocument } from '#libs/policy'

/** What a rule is asked about: a signature, the start of a stage, a way back. */
export const GUARD_ACTIONS = ['approve', 'advance', 'rollback'] as const
export type GuardAction = (typeof GUARD_ACTIONS)[number]

/** Makes a policy a guard rule. */
export const GUARD_TAG = 'guard'

/** One rule as its release says it. */
export interface GuardRule {
  /** Id and version of the policy that it is. */
  id: string
  version: string
  /** Release digest. */
  digest: string
  /** `cedar`: one `forbid`, which must not match. `cel`: an expression that must be true. */
  kind: 'cedar' | 'cel'
  text: string
  /** One sentence for anyone who it stops. */
  message: string
  severity: 'deny' | 'warn'
  when: GuardAction[]
  /** Policies it speaks of: by id, or by tag; without either all that are no guard rules themselves. */
  policies?: string[]
  tags?: string[]
  /** Why it cannot be believed at all; such a rule denies everything that it could be about. */
  problem?: string
}

export interface GuardPrincipal {
  kind: 'person' | 'operator' | 'service' | 'program'
  id: string
  name: string
  /** Roles that the roster gives it; of a program its scopes. */
  roles: string[]
}

/** One policy of what is asked for; a bundle is asked about policy by policy. */
export interface GuardRequest {
  action: GuardAction
  principal: GuardPrincipal
  next: PolicyDocument
  /** What is live; `null` before a first version. */
  previous: PolicyDocument | null
  /** As the release names it. */
  author: string | null
  /** Ids of the people of the roster whom that means. */
  authors: string[]
  /** The role of the roster that approves `next`; `null` when none may. */
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
  /** Release digests of the rules that were asked, sorted. */
  ruleDigests: string[]
}

/** Rules that one question may meet. */
export const MAX_RULES = 16
export const MAX_RULE_LENGTH = 2_048
/** Of the canonical JSON of a policy that is a rule, so that all of them fit into a run's events. */
export const MAX_RULE_BYTES = 3_072

export function isGuardPolicy(policy: PolicyDocument): boolean {
  return Array.isArray(policy.tags) && policy.tags.includes(GUARD_TAG)
}

export function ruleName({ id, version }: Pick<GuardRule, 'id' | 'version'>): string {
  return `${id}@${version}`
}
