import type { PolicyValue } from '#libs/client'

/** Policy in force for this reader. `value` is `null` if none is. */
export interface PolicyChange {
  id: string
  /** Versions; `from` is `null` for the first one, `to` while none is in force. */
  from: string | null
  to: string | null
  revision: number
  value: PolicyValue | null
}

/** Limit of a variable's name and text. Linux passes 128 KiB in one variable; all of them have to fit besides the existing ones. */
const MAX_VARIABLE_CHARACTERS = 8 * 1024
const MAX_VARIABLES = 200

/**
 * Returns the input of a program: the whole policy as one JSON line on its stdin (`null` if none is in force), and its top-level fields as
 * `HMS_POLICY_<FIELD>`, strings unchanged and everything else as JSON. A field that is too long, whose name is already used by another, or
 * that no variable can store, is on stdin only.
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
