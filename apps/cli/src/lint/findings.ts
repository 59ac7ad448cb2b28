import { formatFinding, type Finding } from '#libs/policy'
import type { Paint } from '../output/paint.js'

/** Formats `FILE:LINE:COLUMN rule message — hint`, errors in red and warnings in yellow. */
export function findingLines(findings: readonly Finding[], paint: Paint): string[] {
  return findings.map((finding) => (finding.severity === 'error' ? paint.bad : paint.warn)(formatFinding(finding)))
}

/** Formats `✗ 2 errors, 1 warning`. */
export function countFindings(findings: readonly Finding[]): string {
  const errors = findings.filter((finding) => finding.severity === 'error').length
  const warnings = findings.length - errors
  const parts = [counted(errors, 'error'), counted(warnings, 'warning')].filter((part) => part !== '')
  return `${errors > 0 ? '✗' : '✓'} ${parts.join(', ')}`
}

function counted(count: number, word: string): string {
  if (count === 0) return ''
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
