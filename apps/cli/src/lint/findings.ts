import { relative, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { JsonObject } from '#libs/contracts'
import { formatFinding, hasErrors, type Finding } from '#libs/policy'
import type { Paint } from '../output/paint.js'

/** Formats `FILE:LINE:COLUMN rule message — hint`, errors in red and warnings in yellow. */
export function findingLines(findings: readonly Finding[], paint: Paint): string[] {
  return findings.map((finding) => (finding.severity === 'error' ? paint.bad : paint.warn)(formatFinding(finding)))
}

/** Formats `✗ 2 errors, 1 warning`. */
export function countFindings(findings: readonly Finding[]): string {
  const parts = (['error', 'warning'] as const).flatMap((word) => {
    const count = findings.filter(({ severity }) => severity === word).length
    return count === 0 ? [] : [`${count} ${word}${count === 1 ? '' : 's'}`]
  })
  return `${hasErrors(findings) ? '✗' : '✓'} ${parts.join(', ')}`
}

/** Returns a SARIF 2.1.0 log of one run. Addresses of files below `root` are relative to it. */
export function sarifLog(findings: readonly Finding[], root = process.cwd()): JsonObject {
  const rules = [...new Set(findings.map(({ rule }) => rule))].sort()
  const results = findings.map(({ rule, severity, message, hint, file, line, column }) => {
    const parts = relative(root, resolve(root, file)).split(sep)
    const uri = parts[0] === '..' ? pathToFileURL(file).href : parts.map(encodeURIComponent).join('/')
    const location = { physicalLocation: { artifactLocation: { uri }, region: { startLine: line, startColumn: column } } }
    const text = hint === undefined ? message : `${message} — ${hint}`
    return { ruleId: rule, ruleIndex: rules.indexOf(rule), level: severity, message: { text }, locations: [location] }
  })
  const driver = { name: 'hms-svc lint', rules: rules.map((id) => ({ id, shortDescription: { text: id.replaceAll('-', ' ') } })) }
  const run = { tool: { driver }, columnKind: 'utf16CodeUnits', results }
  return { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] }
}
