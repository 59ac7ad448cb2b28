import { command, type LintFinding } from '#libs/contracts'

/** Size limit of the findings in a run's events, so no policy can make an event too large to sign. */
const MAX_BYTES = 192 * 1024
const MAX_TEXT = 500

/** Returns the findings for an event: errors first if not all fit, long texts cut, with the number of omitted ones. */
export function boundedFindings(findings: readonly LintFinding[]): LintFinding[] {
  const short = findings.map((finding) => ({
    ...finding,
    message: cut(finding.message),
    ...(finding.hint === undefined ? {} : { hint: cut(finding.hint) }),
  }))
  if (bytesOf(short) <= MAX_BYTES) return short
  const kept: LintFinding[] = []
  let bytes = 0
  for (const finding of [...short].sort((a, b) => a.severity.localeCompare(b.severity))) {
    bytes += bytesOf(finding)
    if (bytes > MAX_BYTES) break
    kept.push(finding)
  }
  const { file, severity } = short.at(-1)!
  const message = `${short.length - kept.length} more findings; ${command('plan')} shows all`
  return [...kept, { file, line: 1, column: 1, rule: 'more', severity, message }]
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`.toWellFormed()
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}
