export type Json = { readonly [keyword: string]: unknown }

/** A document whose `#/…` references are its own. */
type Document = Json

/** Who still reads the old shape: those who get it, those who send it, or both. */
type Direction = 'answer' | 'request' | 'event'

/** What of `after` a build of `before` cannot live with, one sentence each (ADR 0076). */
export function eventBreaks(before: Document, after: Document): string[] {
  const [old, now] = [schemasOf(before), schemasOf(after)]
  return Object.keys(old)
    .filter((name) => name.startsWith('hms.'))
    .flatMap((name) =>
      now[name] === undefined ? [`${name}: is gone`] : new Comparison(before, after, 'event').of(old[name]!, now[name]!, name),
    )
}

export function apiBreaks(before: Document, after: Document): string[] {
  const found: string[] = []
  for (const [path, methods] of Object.entries(before['paths'] as Record<string, Json>)) {
    for (const [method, operation] of Object.entries(methods) as [string, Json][]) {
      const name = `${method.toUpperCase()} ${path}`
      const now = ((after['paths'] as Record<string, Json>)[path] as Record<string, Json> | undefined)?.[method]
      if (now === undefined) found.push(`${name}: is gone`)
      else found.push(...operationBreaks({ before, after, name }, operation, now))
    }
  }
  return found
}

/** Sections as `test/architecture/schemas` has them. `where`: of which service. */
export function tableBreaks(before: string, after: string, where: string): string[] {
  const now = new Map(sectionsOf(after))
  return sectionsOf(before).flatMap(([head, lines]) => {
    if (!head.startsWith('table ')) return []
    const found = now.get(head)
    if (found === undefined) return [`${where}, ${head}: is gone`]
    const gone = lines
      .filter((line) => isColumn(line) && !found.includes(line))
      .map((line) => `${where}, ${head}: "${line.trim()}" is gone or is another`)
    const demands = found
      .filter(
        (line) => !lines.includes(line) && (isColumn(line) ? / NOT NULL(?!.* DEFAULT)/.test(line) : /UNIQUE|CHECK|FOREIGN/.test(line)),
      )
      .map((line) => `${where}, ${head}: "${line.trim()}" is a demand that the build before does not meet`)
    return [...gone, ...demands]
  })
}

function isColumn(line: string): boolean {
  return !/^ {2}(CONSTRAINT|CREATE) /.test(line)
}

function sectionsOf(text: string): [string, string[]][] {
  return text
    .trim()
    .split('\n\n')
    .map((section) => section.split('\n'))
    .map(([head, ...lines]) => [head!, lines])
}

function operationBreaks(at: { before: Document; after: Document; name: string }, old: Json, now: Json): string[] {
  const { before, after, name } = at
  const known = new Set(parametersOf(old).map(keyOf))
  const demanded = parametersOf(now)
    .filter((parameter) => parameter['required'] === true && !known.has(keyOf(parameter)))
    .map((parameter) => `${name}: demands ${String(parameter['name'])}`)
  const gone = parametersOf(old)
    .filter((parameter) => !parametersOf(now).some((other) => keyOf(other) === keyOf(parameter)))
    .map((parameter) => `${name}: takes no ${String(parameter['name'])} any more`)
  const bodies = [bodyOf(old['requestBody']), bodyOf(now['requestBody'])]
  const request = bodies[0] && bodies[1] ? new Comparison(before, after, 'request').of(bodies[0], bodies[1], `${name} request`) : []
  const answers = Object.entries(old['responses'] as Record<string, Json>).flatMap(([status, answer]) => {
    if (!status.startsWith('2')) return []
    const other = (now['responses'] as Record<string, Json>)[status]
    if (other === undefined) return [`${name}: answers no ${status} any more`]
    const [was, is] = [bodyOf(answer), bodyOf(other)]
    return was === undefined || is === undefined ? [] : new Comparison(before, after, 'answer').of(was, is, `${name} ${status}`)
  })
  return [...demanded, ...gone, ...request, ...answers]
}

function parametersOf(operation: Json): Json[] {
  return (operation['parameters'] as Json[] | undefined) ?? []
}

function keyOf(parameter: Json): string {
  return `${String(parameter['in'])} ${String(parameter['name'])}`
}

function bodyOf(carrier: unknown): Json | undefined {
  const content = (carrier as { content?: Record<string, { schema?: Json }> } | undefined)?.content
  return content?.['application/json']?.schema
}

/** One shape beside another, through the references of their documents. */
class Comparison {
  private readonly seen = new Set<string>()

  constructor(
    private readonly before: Document,
    private readonly after: Document,
    private readonly direction: Direction,
  ) {}

  of(old: Json, now: Json, place: string): string[] {
    const pair = `${String(old['$ref'])} ${String(now['$ref'])}`
    if (old['$ref'] !== undefined && this.seen.has(pair)) return []
    if (old['$ref'] !== undefined) this.seen.add(pair)
    const [was, is] = [resolve(this.before, old), resolve(this.after, now)]
    // An answer that could be anything may become something.
    if (this.direction === 'answer' && Object.keys(was).length === 0) return []
    if (JSON.stringify(was['type']) !== JSON.stringify(is['type']) || was['const'] !== is['const'] || was['nullable'] !== is['nullable'])
      return [`${place}: is ${nameOf(is)} instead of ${nameOf(was)}`]
    return [...this.words(was, is, place), ...this.members(was, is, place), ...this.branches(was, is, place), ...this.items(was, is, place)]
  }

  /** What may be said may still be said; a word that came is for who reads it to wait with. */
  private words(was: Json, is: Json, place: string): string[] {
    const [old, now] = [was['enum'] as unknown[] | undefined, is['enum'] as unknown[] | undefined]
    if (old === undefined && now === undefined) return []
    if (old === undefined || now === undefined) return [`${place}: is ${nameOf(is)} instead of ${nameOf(was)}`]
    return this.direction === 'answer'
      ? []
      : old.filter((word) => !now.includes(word)).map((word) => `${place}: says no ${String(word)} any more`)
  }

  private members(was: Json, is: Json, place: string): string[] {
    const [old, now] = [propertiesOf(was), propertiesOf(is)]
    const [needed, needs] = [requiredOf(was), requiredOf(is)]
    const found: string[] = []
    if (this.direction !== 'answer')
      found.push(...needs.filter((name) => !needed.includes(name)).map((name) => `${place}/${name}: is demanded`))
    if (this.direction !== 'request')
      found.push(...needed.filter((name) => !needs.includes(name)).map((name) => `${place}/${name}: may be missing`))
    for (const [name, schema] of Object.entries(old))
      if (now[name] !== undefined) found.push(...this.of(schema, now[name], `${place}/${name}`))
    return found
  }

  private branches(was: Json, is: Json, place: string): string[] {
    const [old, now] = [branchesOf(was), branchesOf(is)]
    if (old.length === 0) return []
    const kept = (branch: Json): boolean =>
      now.some((other) => new Comparison(this.before, this.after, this.direction).of(branch, other, '').length === 0)
    return old.every(kept) ? [] : [`${place}: lacks one of the shapes that it could have`]
  }

  private items(was: Json, is: Json, place: string): string[] {
    const [old, now] = [was['items'] as Json | undefined, is['items'] as Json | undefined]
    return old === undefined || now === undefined ? [] : this.of(old, now, `${place}/*`)
  }
}

function schemasOf(document: Document): Record<string, Json> {
  return (document['components'] as { schemas: Record<string, Json> }).schemas
}

function resolve(document: Document, schema: Json): Json {
  const reference = schema['$ref']
  if (typeof reference !== 'string') return schema
  const parts = reference.slice(2).split('/')
  return resolve(
    document,
    parts.reduce<Json>((at, part) => at[part.replaceAll('~1', '/').replaceAll('~0', '~')] as Json, document),
  )
}

function propertiesOf(schema: Json): Record<string, Json> {
  return (schema['properties'] as Record<string, Json> | undefined) ?? {}
}

function requiredOf(schema: Json): string[] {
  return (schema['required'] as string[] | undefined) ?? []
}

function branchesOf(schema: Json): Json[] {
  return (schema['anyOf'] as Json[] | undefined) ?? []
}

function nameOf(schema: Json): string {
  return JSON.stringify(schema['const'] ?? schema['type'] ?? Object.keys(schema).slice(0, 2))
}
