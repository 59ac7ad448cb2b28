import { EXIT } from '#libs/contracts'
import { CEDAR_PACKAGE, guard, isCedarInstalled, lintGuard } from '#libs/guard'
import { lintPolicy } from '#libs/lint'
import { hasErrors, parsePolicy, type Finding, type PolicySource } from '#libs/policy'
import type { CliContext } from '../context.js'
import { readGivenFile } from '../files.js'
import { partsMissing } from '../missing-parts.js'
import { countFindings, findingLines } from './findings.js'

/** The linter's own rules, without services: nothing about versions, partners or registered schemas. Exit 6 on any error. */
export async function lintFiles(context: CliContext, files: readonly string[]): Promise<number> {
  const { output } = context
  const findings: Finding[] = []
  for (const file of files) {
    const parsed = parsePolicy(await readGivenFile(file), file)
    const found = parsed.ok ? lintOffline(parsed.source, output.note.bind(output)) : parsed.findings
    findings.push(...found)
    if (parsed.ok && !hasErrors(found)) output.done(`${file}  ${parsed.source.policy.id}@${parsed.source.policy.version}`)
  }
  if (output.mode === 'json' || findings.length > 0) output.data(findings, () => findingLines(findings, output.paint))
  if (findings.length > 0) output.note(countFindings(findings))
  return hasErrors(findings) ? EXIT.failed : EXIT.done
}

function lintOffline(source: PolicySource, note: (text: string) => void): Finding[] {
  if (source.policy.schema !== undefined) {
    note(`${source.file}: schema "${source.policy.schema}" is not checked offline; the services check it when the policy is approved`)
  }
  const { kind } = (source.policy['guard'] ?? {}) as { kind?: unknown }
  // Without the engine each of its rules would be judged wrong.
  if (kind === 'cedar' && !isCedarInstalled()) throw partsMissing(CEDAR_PACKAGE)
  return [...lintPolicy(source, { file: source.file, profile: 'dev', checkSchema: false }), ...lintGuard(source, guard)]
}
