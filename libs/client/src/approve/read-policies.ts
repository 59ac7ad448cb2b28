import { readFile, stat } from 'node:fs/promises'
import { HmsError } from '#libs/contracts'
import { formatFinding, parsePolicy, POLICY_MAX_BYTES, type Finding, type PolicyDocument } from '#libs/policy'

/**
 * Reads policy files. Throws `HMS_FILE_UNREADABLE` or `HMS_FILE_TOO_LARGE` (400), and `HMS_LINT_FAILED` (422) with the
 * findings of all files, each `FILE:LINE:COLUMN rule message`.
 */
export async function readPolicies(files: readonly string[]): Promise<PolicyDocument[]> {
  if (files.length === 0) throw new HmsError('HMS_FILE_REQUIRED', 'name at least one policy file', { status: 400 })
  const policies: PolicyDocument[] = []
  const findings: Finding[] = []
  for (const file of files) {
    const parsed = parsePolicy(await readBounded(file), file)
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

async function readBounded(file: string): Promise<Buffer> {
  try {
    // Before reading: a wrong path may name a file of any size.
    const { size } = await stat(file)
    if (size <= POLICY_MAX_BYTES) return await readFile(file)
  } catch (error) {
    throw new HmsError('HMS_FILE_UNREADABLE', `${file} cannot be read: ${(error as Error).message}`, { status: 400, cause: error })
  }
  throw new HmsError('HMS_FILE_TOO_LARGE', `${file} is larger than ${POLICY_MAX_BYTES / 1024} KiB`, { status: 400 })
}
