import { isObject } from '#libs/contracts'
import { POLICY_MAX_BYTES, policyDigest, type PolicyDocument, type PolicySource } from './document.js'
import { type Finding, Report } from './finding.js'
import { checkBase } from './check-base.js'
import { readYaml } from './yaml/read-yaml.js'

export type ParsedPolicy = { ok: true; source: PolicySource } | { ok: false; findings: Finding[] }

/** Parses the YAML of a policy. Never throws. `ok`: it matches the base schema, hence its type; `lintPolicy` checks what needs context. */
export function parsePolicy(bytes: Uint8Array | string, file: string): ParsedPolicy {
  const read = readYaml(bytes, file, POLICY_MAX_BYTES)
  if (!read.ok) return read
  const { value, locate } = read
  const report = new Report(file, locate)
  if (!isObject(value)) {
    report.error('root-not-map', '', 'a policy is a map of keys and values', 'start with `id: …`')
  } else {
    checkBase(value, report)
  }
  if (report.findings.length > 0) return { ok: false, findings: report.sorted() }
  // The base schema has been checked.
  const policy = value as PolicyDocument
  return { ok: true, source: { file, policy, digest: policyDigest(policy), locate } }
}
