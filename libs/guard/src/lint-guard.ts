import { Report, type Finding, type PolicyDocument, type PolicySource } from '#libs/policy'
import type { Guard } from './guard.js'
import { readRule } from './read-rule.js'
import { GUARD_TAG, isGuardPolicy } from './rule.js'

/** Returns findings about a guard rule, or about a policy that is no longer one. `live` is the version in force. */
export function lintGuard(source: PolicySource, guard: Guard, live?: PolicyDocument): Finding[] {
  const { policy } = source
  const report = new Report(source.file, source.locate)
  if (!isGuardPolicy(policy)) {
    if (live === undefined || !isGuardPolicy(live)) return []
    // Without the tag fewer approvers might be required, so fewer people could disable a rule than enabled it.
    report.error('guard-tag-removed', '/tags', `a rule keeps its tag "${GUARD_TAG}"`, 'to put it out of force, write when: []')
    return report.findings
  }
  const read = readRule(policy)
  if (!read.ok) {
    for (const { pointer, message, hint } of read.problems) report.error('guard-rule', pointer, message, hint)
    return report.sorted()
  }
  const { problem } = guard.compileRules([{ ...read.rule, digest: source.digest }])[0]!
  if (problem !== undefined) report.error(`guard-${read.rule.kind}`, '/guard/rule', problem)
  return report.findings
}
