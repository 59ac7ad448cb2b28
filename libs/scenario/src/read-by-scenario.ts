import type { JsonObject } from '#libs/contracts'
import { compileExpression, type Policies } from './expression.js'
import { cutPolicies, policyReadsOf } from './reads.js'

/** Returns the members that the expression reads of each of these policies; an empty object for a policy it does not name. */
export function readByScenario({ alert }: { alert: string }, policies: Policies): Record<string, JsonObject> {
  const compiled = compileExpression(alert)
  const unread = Object.fromEntries(Object.keys(policies).map((id) => [id, {}]))
  return compiled.ok ? { ...unread, ...cutPolicies(policies, policyReadsOf(compiled.expression.ast)) } : unread
}
