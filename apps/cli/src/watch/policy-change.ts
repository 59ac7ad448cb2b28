import type { PolicyValue } from '#libs/client'

/** What is in force for this reader, as it came. `value` is `null` where nothing is. */
export interface PolicyChange {
  id: string
  /** Versions; `from` is `null` for the first that was seen, `to` while none is in force. */
  from: string | null
  to: string | null
  revision: number
  value: PolicyValue | null
}

/** Of a name and its text. Linux passes on 128 KiB in one variable; all of them together have to fit beside what is there already. */
const MAX_VARIABLE_CHARACTERS = 8 * 1024
const MAX_VARIABLES = 200

/**
 * How a change reaches a program: the whole policy as one JSON line on its stdin (`null` where nothing is in force), and its fields of the
 * first level as `HMS_POLICY_<FIELD>`, strings as they are and everything else as JSON. A field that is too long, whose name another one
 * took before, or that no variable can hold, is on stdin alone.
 */
export function inputOf({ id, from, to, revision, value }: PolicyChange): { stdin: string; variables: Record<string, string> } {
  const variables: Record<string, string> = { HMS_POLICY_ID: id }
  for (const [field, member] of Object.entries(value ?? {}).slice(0, MAX_VARIABLES)) {
    const name = `HMS_POLICY_${field.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`
    const text = typeof member === 'string' ? member : JSON.stringify(member)
    const fits = name.length + text.length <= MAX_VARIABLE_CHARACTERS && !text.includes('\0')
    if (fits && !Object.hasOwn(variables, name)) variables[name] = text
  }
  const change = { HMS_CHANGE_FROM: from ?? '', HMS_CHANGE_TO: to ?? '', HMS_CHANGE_REVISION: String(revision) }
  return { stdin: `${JSON.stringify(value)}\n`, variables: { ...variables, ...change } }
}
