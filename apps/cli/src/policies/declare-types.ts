import type { Json, PolicyView } from '#libs/contracts'

type TypedPolicy = Pick<PolicyView, 'id' | 'version' | 'value'>

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/
/** Maximum nesting; deeper values become `unknown`. */
const MAX_DEPTH = 32

/** Declares `Policies` with the general types of current values: only a major version may remove a field or change its type. */
export function declareTypes(policies: readonly TypedPolicy[]): string[] {
  const members = policies.toSorted((a, b) => (a.id < b.id ? -1 : 1)).flatMap((policy) => memberOf(policy))
  return [
    '// Made by `hms-svc types`. Regenerate it when a policy is added, or gets a major version.',
    "import 'hms-svc'",
    '',
    "declare module 'hms-svc' {",
    '  interface Policies {',
    ...members,
    '  }',
    '}',
  ]
}

function memberOf({ id, version, value }: TypedPolicy): string[] {
  const fields = Object.entries(value).map(([name, member]) => {
    const type = name === 'id' ? JSON.stringify(id) : name === 'version' ? 'string' : typeOf(member, 3)
    return `      readonly ${keyOf(name)}: ${type}`
  })
  return [`    /** As of ${version}. */`, `    ${keyOf(id)}: {`, ...fields, '    }']
}

function typeOf(value: Json | undefined, depth: number): string {
  if (value === null) return 'null'
  if (value === undefined || depth > MAX_DEPTH) return 'unknown'
  if (Array.isArray(value)) return listType(value, depth)
  if (typeof value !== 'object') return typeof value
  const fields = Object.entries(value).map(([name, member]) => `readonly ${keyOf(name)}: ${typeOf(member, depth + 1)}`)
  return fields.length === 0 ? 'Record<string, never>' : `{ ${fields.join('; ')} }`
}

function listType(items: readonly Json[], depth: number): string {
  const types = [...new Set(items.map((item) => typeOf(item, depth + 1)))]
  if (types.length === 0) return 'readonly unknown[]'
  return types.length === 1 && IDENTIFIER.test(types[0]!) ? `readonly ${types[0]}[]` : `readonly (${types.join(' | ')})[]`
}

function keyOf(name: string): string {
  return IDENTIFIER.test(name) ? name : JSON.stringify(name)
}
