import { CONTROLS, MAX_POLICY_KEY, type Json, type JsonObject } from '#libs/contracts'
import type { Report } from './finding.js'
import { pointerOf } from './pointer.js'

/** Characters that a terminal interprets or does not show: two keys that look alike must be equal. */
const IN_KEYS = new RegExp(String.raw`[${CONTROLS}\p{Default_Ignorable_Code_Point}]`, 'u')
/** The joiners U+200C and U+200D belong to the spelling of several languages. */
const IN_TEXT = new RegExp(String.raw`(?![\u200C\u200D])[${CONTROLS}]`, 'u')
const IN_LINES = new RegExp(String.raw`(?![\n\u200C\u200D])[${CONTROLS}]`, 'u')

const MAX_FINDINGS = 20

const TEXTS = ['title', 'owner', 'units', 'schema', 'tags', 'partners']
/** Keys whose values may have several lines. */
const LINES = ['description', 'breaking']

/**
 * Checks keys and texts, which signers read in a terminal or a browser: they must not contain control, bidirectional or zero-width
 * characters, and keys must be short.
 */
export function checkCharacters(policy: JsonObject, report: Report): void {
  for (const name of TEXTS) checkText(policy[name], [name], IN_TEXT, report)
  for (const name of LINES) checkText(policy[name], [name], IN_LINES, report)
  // Iterative: a policy received over HTTP may be nested deeper than one in a file.
  const open: { value: Json | undefined; path: (string | number)[] }[] = [{ value: policy, path: [] }]
  for (let next = open.pop(); next !== undefined && report.findings.length < MAX_FINDINGS; next = open.pop()) {
    const { value, path } = next
    if (typeof value !== 'object' || value === null) continue
    for (const [key, member] of Object.entries(value)) {
      if (key.length > MAX_POLICY_KEY) {
        // Neither quoted in the finding nor descended into: its pointer is too long to report.
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
      if (found !== undefined) report.error('unsafe-character', pointerOf(at), `key ${JSON.stringify(key)} holds ${named(found)}`, HINT)
      // Displayed beside the numbers of its map.
      if (key === 'units' && path.length > 0) checkText(member, at, IN_TEXT, report)
      open.push({ value: member, path: at })
    }
  }
}

const HINT = 'control, bidirectional and zero-width characters are not allowed here'

function checkText(value: Json | undefined, path: (string | number)[], unsafe: RegExp, report: Report): void {
  for (const text of Array.isArray(value) ? value : [value]) {
    const found = typeof text === 'string' ? unsafe.exec(text)?.[0] : undefined
    if (found !== undefined) report.error('unsafe-character', pointerOf(path), `"${path.join('.')}" holds ${named(found)}`, HINT)
  }
}

function named(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
}
