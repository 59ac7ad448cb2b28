import { EXIT, printableJson } from '#libs/contracts'
import { CEDAR_PACKAGE, guard, isCedarInstalled, lintGuard } from '#libs/guard'
import { lintPolicy } from '#libs/lint'
import { hasErrors, Report, type Finding, type PolicySource } from '#libs/policy'
import { approvalRequirement, orRefusal, SignatureError, type Roster } from '#libs/signing'
import type { CliContext } from '../context.js'
import { partsMissing } from '../errors.js'
import { pinnedRoster, rosterFile } from '../roster/rosters-here.js'
import { countFindings, findingLines, sarifLog } from './findings.js'
import { policyFiles, readPolicyFiles } from './policy-files.js'
import { describeRules } from '../roster/show.js'

/** Lints files offline, with this machine's roster if it has one. Does not check versions, partners and schemas. Exit 6 on any error. */
export async function lintFiles(context: CliContext, paths: readonly string[], { format }: { format?: string }): Promise<number> {
  const { output } = context
  const findings: Finding[] = []
  const roster = rosterFile(context) === undefined ? undefined : await pinnedRoster(context)
  for (const { source, findings: inFiles } of await readPolicyFiles(await policyFiles(paths))) {
    const found = source === undefined ? inFiles : [...inFiles, ...lintOffline(source, roster, output.note.bind(output))]
    findings.push(...found)
    if (format !== 'sarif' && source !== undefined && !hasErrors(found))
      output.success(`${source.file}  ${source.policy.id}@${source.policy.version}`)
  }
  if (format === 'sarif') output.data(sarifLog(findings), () => [printableJson(sarifLog(findings))])
  else if (output.mode === 'json' || findings.length > 0) output.data(findings, () => findingLines(findings, output.paint))
  if (findings.length > 0) output.note(countFindings(findings))
  return hasErrors(findings) ? EXIT.failed : EXIT.done
}

function lintOffline(source: PolicySource, roster: Roster | undefined, note: (text: string) => void): Finding[] {
  if (source.policy.schema !== undefined)
    note(`${source.file}: schema "${source.policy.schema}" is not checked offline; the services check it when the policy is approved`)
  const { kind } = (source.policy['guard'] ?? {}) as { kind?: unknown }
  // Without the Cedar engine, every Cedar rule would be judged wrongly.
  if (kind === 'cedar' && !isCedarInstalled()) throw partsMissing(CEDAR_PACKAGE)
  const profile = roster?.profile === 'production' ? 'production' : 'dev'
  const findings = [...lintPolicy(source, { file: source.file, profile, checkSchema: false }), ...lintGuard(source, guard)]
  return roster === undefined ? findings : [...findings, ...lintByRoster(source, roster, note)]
}

/** Returns a finding if no role may approve the policy; otherwise prints the bounds that the roster sets for its plan. */
function lintByRoster(source: PolicySource, roster: Roster, note: (text: string) => void): Finding[] {
  const report = new Report(source.file, source.locate)
  const required = orRefusal(() => approvalRequirement(roster, source))
  if (required instanceof SignatureError) report.error('roster-no-role', '/id', required.detail, 'hms-svc roster show')
  const rules = required instanceof SignatureError ? [] : required.bounds.flatMap((bounds) => describeRules({ bounds }))
  for (const rule of new Set(rules)) note(`${source.file}: roster ${roster.version}, ${rule}`)
  return report.sorted()
}
