import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT } from '#libs/contracts'
import { CEDAR_PACKAGE, guard, isCedarInstalled, lintGuard } from '#libs/guard'
import { lintPolicy } from '#libs/lint'
import { hasErrors, parsePolicy, Report, type Finding, type PolicySource } from '#libs/policy'
import { approvalRequirement, SignatureError, type ApprovalRequirement, type Roster } from '#libs/signing'
import type { CliContext } from '../context.js'
import { partsMissing } from '../errors.js'
import { readGivenFile } from '../files.js'
import { describeRules } from '../roster/describe-rules.js'
import { pinnedRoster } from '../roster/rosters-here.js'
import { countFindings, findingLines } from './findings.js'

/**
 * Runs the linter's own rules, without services: none about versions, partners or registered schemas. If the machine has a roster, also its
 * requirements for a policy and its plan. Exit 6 on any error.
 */
export async function lintFiles(context: CliContext, files: readonly string[]): Promise<number> {
  const { output } = context
  const findings: Finding[] = []
  const roster = await rosterAtHand(context)
  for (const file of files) {
    const parsed = parsePolicy(await readGivenFile(file), file)
    const found = parsed.ok ? lintOffline(parsed.source, roster, output.note.bind(output)) : parsed.findings
    findings.push(...found)
    if (parsed.ok && !hasErrors(found)) output.done(`${file}  ${parsed.source.policy.id}@${parsed.source.policy.version}`)
  }
  if (output.mode === 'json' || findings.length > 0) output.data(findings, () => findingLines(findings, output.paint))
  if (findings.length > 0) output.note(countFindings(findings))
  return hasErrors(findings) ? EXIT.failed : EXIT.done
}

function lintOffline(source: PolicySource, roster: Roster | undefined, note: (text: string) => void): Finding[] {
  if (source.policy.schema !== undefined) {
    note(`${source.file}: schema "${source.policy.schema}" is not checked offline; the services check it when the policy is approved`)
  }
  const { kind } = (source.policy['guard'] ?? {}) as { kind?: unknown }
  // Without the engine each of its rules would be judged wrongly.
  if (kind === 'cedar' && !isCedarInstalled()) throw partsMissing(CEDAR_PACKAGE)
  const profile = roster?.profile === 'production' ? 'production' : 'dev'
  const findings = [...lintPolicy(source, { file: source.file, profile, checkSchema: false }), ...lintGuard(source, guard)]
  return roster === undefined ? findings : [...findings, ...lintByRoster(source, roster, note)]
}

/** Returns the pinned roster of this machine: of HMS_ROSTER, else of the data folder; `undefined` without either. */
async function rosterAtHand(context: CliContext): Promise<Roster | undefined> {
  const { environment } = context.io
  const isThere = environment.lookup('HMS_ROSTER') !== undefined || existsSync(join(environment.dataDir, 'roster.json'))
  return isThere ? pinnedRoster(context) : undefined
}

/** Returns a finding if no role may approve the policy, else prints the bounds of its plans as a note. */
function lintByRoster(source: PolicySource, roster: Roster, note: (text: string) => void): Finding[] {
  const report = new Report(source.file, source.locate)
  try {
    for (const rule of boundsOf(approvalRequirement(roster, source))) note(`${source.file}: roster ${roster.version}, ${rule}`)
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error
    report.error('roster-no-role', '/id', error.detail, 'hms-svc roster show')
  }
  return report.sorted()
}

function boundsOf({ bounds }: ApprovalRequirement): string[] {
  return [...new Set(bounds.flatMap((each) => describeRules({ bounds: each })))]
}
