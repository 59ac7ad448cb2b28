import type { Json, JsonObject } from '#libs/contracts'
import { cut, factLanguage, type Reads } from '#libs/scenario'
import type { GuardRequest } from '../rule.js'

export const RULE_LANGUAGE = factLanguage(['next', 'previous', 'plan', 'stage', 'scope'])

export type Facts = Record<string, Json>

/** Returns the facts for a rule: only what it reads, so that a large policy adds no cost to a rule on one number. */
export function factsFor({ next, previous, plan, stage }: GuardRequest, reads: { next: Reads; previous: Reads }): Facts {
  return {
    next: cut(next as JsonObject, reads.next),
    previous: previous === null ? null : cut(previous as JsonObject, reads.previous),
    plan: { ...plan } as JsonObject,
    stage,
    scope: plan.scope,
  }
}
