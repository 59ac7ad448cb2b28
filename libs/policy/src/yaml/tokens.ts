import type { CST } from 'yaml'

export type Issue = { offset: number; rule: string; message: string; hint?: string }

/** Maximum nesting: far above any policy that people read, far below the depth at which composing, which recurses, fails. */
export const MAX_DEPTH = 64
const MAX_TOKENS = 200_000
const MAX_ISSUES = 20

/**
 * Checks the syntax before composing, without recursion. Refuses aliases, so none is expanded. Bounds depth: 10,000 nested brackets (yaml
 * 2.9.1, Node 20) end the process with "RegExpCompiler Allocation failed", past any `catch`. `fatal`: composing is not safe.
 */
export function inspectTokens(tokens: readonly CST.Token[]): { issues: Issue[]; fatal: boolean } {
  const issues: Issue[] = []
  const open: { node: object; depth: number }[] = tokens.toReversed().map((node) => ({ node, depth: 0 }))
  let seen = 0
  for (let top = open.pop(); top !== undefined; top = open.pop()) {
    const { node, depth } = top
    const offset = 'offset' in node && typeof node.offset === 'number' ? node.offset : 0
    if (++seen > MAX_TOKENS)
      return { issues: [{ offset, rule: 'too-many-values', message: 'the document has too many parts' }], fatal: true }
    const inner = 'items' in node ? depth + 1 : depth
    if (inner > MAX_DEPTH) {
      const message = `values are nested more than ${MAX_DEPTH} deep`
      return { issues: [{ offset, rule: 'too-deep', message }], fatal: true }
    }
    const issue = 'type' in node ? issueOf(node as CST.Token, offset) : undefined
    if (issue && issues.length < MAX_ISSUES) issues.push(issue)
    for (const child of childrenLastFirst(node)) open.push({ node: child, depth: inner })
  }
  return { issues, fatal: false }
}

function issueOf(token: CST.Token, offset: number): Issue | undefined {
  switch (token.type) {
    case 'anchor':
      return { offset, rule: 'anchor', message: `anchor ${JSON.stringify(token.source)} is not allowed`, hint: 'write the value out' }
    case 'alias':
      return { offset, rule: 'alias', message: `alias ${JSON.stringify(token.source)} is not allowed`, hint: 'write the value out' }
    case 'tag':
      // The other standard tags convert a value to another type, and parsers differ in how.
      if (['!!str', '!!map', '!!seq'].includes(token.source)) return undefined
      return { offset, rule: 'tag', message: `tag ${JSON.stringify(token.source)} is not allowed`, hint: 'write the value without a tag' }
    case 'directive':
      if (/^%YAML[ \t]+1\.2[ \t]*$/.test(token.source)) return undefined
      return { offset, rule: 'yaml-directive', message: `directive ${JSON.stringify(token.source)} is not allowed`, hint: 'YAML 1.2 only' }
    default:
      return undefined
  }
}

function childrenLastFirst(node: object): object[] {
  const fields = node as Record<string, unknown>
  return ['end', 'items', 'value', 'sep', 'key', 'props', 'start']
    .flatMap((name) => {
      const child = fields[name]
      return Array.isArray(child) ? child.toReversed() : [child]
    })
    .filter((child) => typeof child === 'object' && child !== null)
}
