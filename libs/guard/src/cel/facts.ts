import type { Json, JsonObject } from '#libs/contracts'
import { cut, factLanguage, type Reads } from '#libs/scenario'
import type { GuardRequest } from '../rule.js'

export const RULE_LANGUAGE = factLanguage(['next', 'previous', 'plan', 'stage', 'scope'])

export type Facts = Record<string, Json>

/** What a rule gets to see: only what it reads, so that a large policy costs a rule on one number nothing. */
export function factsFor({ next, previous, plan, stage }: GuardRequest, reads: { next: Reads; previous: Reads }): Facts {
  return {
    next: cut(next as JsonObject, reads.next),
    previous: previous === null ? null : cut(previous as JsonObject, reads.previous),
    plan: { ...plan } as JsonObject,
    stage,
    scope: plan.scope,
  }
}
