import { HmsError } from '#libs/contracts'
import { readGivenFile } from '#libs/files'
import { formatFinding, parsePolicy, POLICY_MAX_BYTES, type Finding, type PolicyDocument } from '#libs/policy'

/** Reads policy files. Throws as `readGivenFile` (400), and `HMS_LINT_FAILED` (422) with `FILE:LINE:COLUMN rule message` each. */
export async function readPolicies(files: readonly string[]): Promise<PolicyDocument[]> {
  if (files.length === 0) throw new HmsError('HMS_FILE_REQUIRED', 'name at least one policy file', { status: 400 })
  const policies: PolicyDocument[] = []
  const findings: Finding[] = []
  for (const file of files) {
    const parsed = parsePolicy((await readGivenFile(file, POLICY_MAX_BYTES)).bytes, file)
    if (parsed.ok) policies.push(parsed.source.policy)
    else findings.push(...parsed.findings)
  }
  if (findings.length === 0) return policies
  throw new HmsError('HMS_LINT_FAILED', findings.map(formatFinding).join('\n'), {
    status: 422,
    next: [`hms-svc lint ${files.join(' ')}`],
    errors: findings.map((finding) => ({ pointer: finding.pointer ?? '', detail: formatFinding(finding) })),
  })
}
