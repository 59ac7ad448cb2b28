import { printable, type LintFinding } from '#libs/contracts'

/** Position in a file: both 1-based, columns counted in UTF-16 units as in editors. */
export type Position = { line: number; column: number }

/** Returns the position of a JSON pointer; for a missing member, of its nearest existing ancestor. */
export type Locate = (pointer: string) => Position

export type Severity = LintFinding['severity']

/** A finding of lint. `rule` is kebab-case and stable; scripts may match on it. */
export type Finding = LintFinding & { pointer?: string }

/** Formats `FILE:LINE:COLUMN rule message — hint`. Control characters are escaped, so a file cannot control the terminal. */
export function formatFinding(finding: Finding): string {
  const hint = finding.hint === undefined ? '' : ` — ${finding.hint}`
  return printable(`${finding.file}:${finding.line}:${finding.column} ${finding.rule} ${finding.message}${hint}`)
}

/** Whether findings fail lint: an error does, warnings do not. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === 'error')
}

/** Collects findings by pointer; `sorted()` orders them by position and rule, so lint is deterministic. */
export class Report {
  readonly findings: Finding[] = []

  constructor(
    private readonly file: string,
    private readonly locate: Locate,
  ) {}

  error(rule: string, pointer: string, message: string, hint?: string): void {
    this.add('error', rule, pointer, message, hint)
  }

  add(severity: Severity, rule: string, pointer: string, message: string, hint?: string): void {
    const at = this.locate(pointer)
    this.findings.push({ file: this.file, ...at, rule, severity, message, ...(hint === undefined ? {} : { hint }), pointer })
  }

  sorted(): Finding[] {
    return sortFindings(this.findings)
  }
}

export function sortFindings(findings: readonly Finding[]): Finding[] {
  return findings.toSorted(
    (a, b) => a.line - b.line || a.column - b.column || compareText(a.rule, b.rule) || compareText(a.message, b.message),
  )
}

/** Compares by UTF-16 units, independent of the locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
