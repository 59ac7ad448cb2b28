import { CONTROL_CLASS, type Json, type JsonObject, MAX_POLICY_KEY } from '#libs/contracts'
import { isPolicyId } from './document.js'
import type { Report } from './finding.js'
import { pointerOf } from './pointer.js'
import { isSemVer } from './semver.js'
import { isTimestamp } from './timestamp.js'

const MAX_TEXT = 4096

const REQUIRED: readonly [key: string, holds: (value: unknown) => boolean, rest: string, hint: string][] = [
  ['id', isPolicyId, 'is 3–100 characters of a–z, 0–9 and single hyphens', 'for example epa-pm25-limit'],
  ['version', isSemVer, 'is a SemVer 2.0 version', 'three numbers, for example 2.0.0; quote it if YAML takes it for a number'],
  [
    'effective',
    isTimestamp,
    'is an RFC 3339 time with offset on a day that exists, of the years 0000 to 9999 in UTC',
    'for example 2024-09-01T00:00:00Z',
  ],
]

/** Checks the base schema: required keys, types of known ones, no characters that a terminal interprets. Other keys are any JSON. */
export function checkBase(policy: JsonObject, report: Report): void {
  for (const [key, holds, rest, hint] of REQUIRED) {
    const value = policy[key]
    if (value === undefined) report.error('required-key', '', `key "${key}" is missing`, hint)
    else if (!holds(value)) report.error(`${key}-format`, pointerOf([key]), `"${key}" ${rest}, and ${shown(value)} is not`, hint)
  }
  for (const key of ['title', 'description', 'owner', 'units', 'schema', 'breaking']) {
    const value = policy[key]
    if (value !== undefined && !isText(value)) report.error('key-type', pointerOf([key]), `"${key}" is a text of 1–${MAX_TEXT} characters`)
  }
  for (const key of ['tags', 'partners']) checkList(policy, report, key)
  checkCharacters(policy, report) // guard: lint-characters
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
    if (!isText(item)) report.error('key-type', pointerOf([key, index]), `"${key}" is a list of texts, and ${shown(item)} is not a text`)
    else if (seen.has(item)) report.error('duplicate-item', pointerOf([key, index]), `${shown(item)} occurs twice in "${key}"`)
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

/** Characters refused in keys: a terminal interprets or hides them, and keys that look alike must be equal. */
const IN_KEYS = new RegExp(String.raw`[${CONTROL_CLASS}\p{Default_Ignorable_Code_Point}]`, 'u')
/** Characters refused in texts. The joiners U+200C and U+200D are allowed, because the spelling of several languages needs them. */
const IN_TEXT = new RegExp(String.raw`(?![\u200C\u200D])[${CONTROL_CLASS}]`, 'u')
const IN_LINES = new RegExp(String.raw`(?![\n\u200C\u200D])[${CONTROL_CLASS}]`, 'u')

const MAX_FINDINGS = 20

const TEXTS = ['title', 'owner', 'units', 'schema', 'tags', 'partners']
/** Keys whose values may have several lines. */
const LINES = ['description', 'breaking']

/** Checks keys and texts that signers read: no control, bidirectional or zero-width characters, and short keys. */
function checkCharacters(policy: JsonObject, report: Report): void {
  for (const name of TEXTS) checkText(policy[name], [name], IN_TEXT, report)
  for (const name of LINES) checkText(policy[name], [name], IN_LINES, report)
  // Iterative: a policy received over HTTP may be nested deeper than one in a file.
  const open: { value: Json | undefined; path: (string | number)[] }[] = [{ value: policy, path: [] }]
  for (let next = open.pop(); next !== undefined && report.findings.length < MAX_FINDINGS; next = open.pop()) {
    const { value, path } = next
    if (typeof value !== 'object' || value === null) continue
    for (const [key, member] of Object.entries(value)) {
      if (key.length > MAX_POLICY_KEY) {
        // The key is neither quoted nor descended into, because its pointer is too long to report.
        report.error(
          'key-length',
          pointerOf(path),
          `a key has ${key.length} characters; ${MAX_POLICY_KEY} at most`,
          'put long texts into values',
        )
        continue
      }
      const at = [...path, key]
      const found = IN_KEYS.exec(key)?.[0]
      if (found !== undefined) report.error('unsafe-character', pointerOf(at), `key ${JSON.stringify(key)} contains ${named(found)}`, HINT)
      // A unit is displayed beside the numbers of its map.
      if (key === 'units' && path.length > 0) checkText(member, at, IN_TEXT, report)
      open.push({ value: member, path: at })
    }
  }
}

const HINT = 'control, bidirectional and zero-width characters are not allowed here'

function checkText(value: Json | undefined, path: (string | number)[], unsafe: RegExp, report: Report): void {
  for (const text of Array.isArray(value) ? value : [value]) {
    const found = typeof text === 'string' ? unsafe.exec(text)?.[0] : undefined
    if (found !== undefined) report.error('unsafe-character', pointerOf(path), `"${path.join('.')}" contains ${named(found)}`, HINT)
  }
}

function named(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
}
