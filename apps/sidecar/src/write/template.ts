import { HmsError, memberAt, type Json } from '#libs/contracts'

/** Reference to a policy or one of its fields: `{{ id }}`, `{{ id.field }}`, `{{ id.field | json }}`. */
export interface Reference {
  id: string
  path: readonly string[]
  /** Whether a string is written as JSON, quoted and escaped. */
  asJson: boolean
  /** Position `FILE:LINE:COLUMN` in the template, for errors. */
  position: string
}

export type Template = readonly (string | Reference)[]

const ID = /^[a-z0-9]+(?:-[a-z0-9]+)*$/
const REFERENCE = /^\s*([^\s.{}|"]+)((?:\.[^\s.{}|"]+)*)\s*(?:\|\s*(\S+)\s*)?$/
/** Quoted text inside `{{ }}`, with which a template writes braces into the file. */
const QUOTED = /^\s*("(?:[^"\\]|\\.)*")\s*$/

/** Parses a template. Throws 400 `HMS_SIDECAR_TEMPLATE` with file, line and column. `name`: the template's name in errors. */
export function parseTemplate(text: string, name: string): Template {
  const parts: (string | Reference)[] = []
  let end = 0
  for (;;) {
    const start = text.indexOf('{{', end)
    parts.push(text.slice(end, start < 0 ? undefined : start))
    if (start < 0) return parts.filter((part) => part !== '')
    const position = `${name}:${positionOf(text, start)}`
    const close = text.indexOf('}}', start)
    if (close < 0) throw malformed(position, '"{{" has no "}}"')
    parts.push(partOf(text.slice(start + 2, close), position))
    end = close + 2
  }
}

export function idsIn(template: Template): Set<string> {
  return new Set(template.flatMap((part) => (typeof part === 'string' ? [] : part.id)))
}

/**
 * Renders a template: a string value as text unless its reference has `| json`, other values as JSON. Throws the error of `read` for an id
 * without a value, 404 `HMS_POLICY_FIELD_UNKNOWN` for a missing field, 422 `HMS_SIDECAR_VALUE` for text with control characters.
 */
export function renderTemplate(template: Template, read: (id: string) => { version: string; value: object }): string {
  return template.map((part) => (typeof part === 'string' ? part : textOf(part, read))).join('')
}

function partOf(inside: string, position: string): string | Reference {
  const quoted = QUOTED.exec(inside)?.[1]
  if (quoted !== undefined) return unquoted(quoted, position)
  const [, id, path = '', filter] = REFERENCE.exec(inside) ?? []
  if (id === undefined || !ID.test(id))
    throw malformed(position, `"{{${inside}}}" is not {{ ID }} or {{ ID.FIELD }}, such as {{ epa-pm25-limit.limit }}`)
  if (filter !== undefined && filter !== 'json') throw malformed(position, `there is no "${filter}" behind "|", only json`)
  return { id, path: path.split('.').slice(1), asJson: filter === 'json', position }
}

function unquoted(quoted: string, position: string): string {
  try {
    return JSON.parse(quoted) as string
  } catch {
    throw malformed(position, `${quoted} is not text in quotes, such as {{ "{{" }}`)
  }
}

function textOf({ id, path, asJson, position }: Reference, read: (id: string) => { version: string; value: object }): string {
  const { version, value } = readAt(position, () => read(id))
  const found = memberAt(value as Json, path)
  const name = [id, ...path].join('.')
  if (found === undefined) {
    const detail = `${position} ${id}@${version} has no ${path.join('.')}`
    throw new HmsError('HMS_POLICY_FIELD_UNKNOWN', detail, { status: 404, next: [`hms-svc get ${id}`] })
  }
  if (typeof found !== 'string' || asJson) return JSON.stringify(found)
  if (/\p{Cc}/u.test(found)) {
    const detail = `${position} ${name} holds a line break or a control character: write {{ ${name} | json }}`
    throw new HmsError('HMS_SIDECAR_VALUE', detail, { status: 422, next: [`hms-svc get ${name}`] })
  }
  return found
}

function readAt<T>(position: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof HmsError)) throw error
    throw new HmsError(error.code, `${position} ${error.detail}`, { status: error.status, cause: error, next: ['hms-svc policies list'] })
  }
}

/** Returns `LINE:COLUMN`, both from 1; columns count code points, as editors do. */
function positionOf(text: string, at: number): string {
  const before = text.slice(0, at)
  const line = before.split('\n').length
  return `${line}:${Array.from(before.slice(before.lastIndexOf('\n') + 1)).length + 1}`
}

function malformed(position: string, problem: string): HmsError {
  return new HmsError('HMS_SIDECAR_TEMPLATE', `${position} ${problem}`, { status: 400, next: ['hms-svc sidecar --help'] })
}
