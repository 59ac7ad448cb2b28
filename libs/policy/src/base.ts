import type { JsonObject } from '#libs/contracts'
import { isPolicyId } from './document.js'
import type { Report } from './finding.js'
import { pointerOf } from './pointer.js'
import { isSemVer } from './semver.js'
import { isTimestamp } from './timestamp.js'
import { checkCharacters } from './characters.js'

const MAX_TEXT = 4096

/**
 * Checks the base schema: required keys, and the types of the known optional ones. Every other key is rule data and may be any JSON value.
 * Keys and known texts must not contain characters that a terminal interprets.
 */
export function checkBase(policy: JsonObject, report: Report): void {
  checkRequired(
    policy,
    report,
    'id',
    isPolicyId,
    'id-format',
    'is 3–100 characters of a–z, 0–9 and single hyphens',
    'for example epa-pm25-limit',
  )
  checkRequired(
    policy,
    report,
    'version',
    isSemVer,
    'version-format',
    'is a SemVer 2.0 version',
    'three numbers, for example 2.0.0; quote it if YAML takes it for a number',
  )
  checkRequired(
    policy,
    report,
    'effective',
    isTimestamp,
    'effective-format',
    'is an RFC 3339 time with offset on a day that exists, of the years 0000 to 9999 in UTC',
    'for example 2024-09-01T00:00:00Z',
  )
  for (const key of ['title', 'description', 'owner', 'units', 'schema', 'breaking']) checkText(policy, report, key)
  for (const key of ['tags', 'partners']) checkList(policy, report, key)
  checkCharacters(policy, report)
}

function checkRequired(
  policy: JsonObject,
  report: Report,
  key: string,
  holds: (value: unknown) => boolean,
  rule: string,
  rest: string,
  hint: string,
): void {
  const value = policy[key]
  if (value === undefined) report.error('required-key', '', `key "${key}" is missing`, hint)
  else if (!holds(value)) report.error(rule, pointerOf([key]), `"${key}" ${rest}, and ${shown(value)} is not`, hint)
}

function checkText(policy: JsonObject, report: Report, key: string): void {
  const value = policy[key]
  if (value === undefined || isText(value)) return
  report.error('key-type', pointerOf([key]), `"${key}" is a text of 1–${MAX_TEXT} characters`)
}

function checkList(policy: JsonObject, report: Report, key: string): void {
  const value = policy[key]
  if (value === undefined) return
  if (!Array.isArray(value)) {
    report.error('key-type', pointerOf([key]), `"${key}" is a list of texts`, `${key}: [a, b]`)
    return
  }
  const seen = new Set<unknown>()
  for (const [index, item] of value.entries()) {
    if (!isText(item)) report.error('key-type', pointerOf([key, index]), `"${key}" is a list of texts, and ${shown(item)} is none`)
    else if (seen.has(item)) report.error('duplicate-item', pointerOf([key, index]), `${shown(item)} stands twice in "${key}"`)
    seen.add(item)
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim().length > 0 && value.length <= MAX_TEXT
}

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}
