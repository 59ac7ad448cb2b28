import type { LintFinding, ReleaseDocument } from '#libs/contracts'
import type { ResourceDescriptor, TestResult } from '#libs/signing'

/** Version of the rules; raised when one is added or changes its meaning. */
const LINT = 'https://hms-svc.dev/lint/v1'

/** Builds the findings' in-toto test result. A test is a release, `ID@VERSION`, or a rule with a finding in it, `ID@VERSION RULE`. */
export function lintResultOf(
  releases: readonly Pick<ReleaseDocument, 'id' | 'version'>[],
  findings: readonly LintFinding[],
  schemas: readonly ResourceDescriptor[],
): TestResult {
  const named = (severity: LintFinding['severity']): string[] =>
    [...new Set(findings.filter((finding) => finding.severity === severity).map(({ file, rule }) => `${file} ${rule}`))].sort()
  const [warnedTests, failedTests] = [named('warning'), named('error')]
  const found = new Set(findings.map(({ file }) => file))
  const passedTests = releases.map(({ id, version }) => `${id}@${version}`).filter((name) => !found.has(name))
  const result = failedTests.length > 0 ? 'FAILED' : warnedTests.length > 0 ? 'WARNED' : 'PASSED'
  return { result, configuration: [{ name: 'lint', uri: LINT }, ...schemas], passedTests, warnedTests, failedTests }
}
