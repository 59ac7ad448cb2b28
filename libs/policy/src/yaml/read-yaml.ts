import { Composer, type CST, type Document, isMap, isScalar, isSeq, Lexer, LineCounter, type Node, Parser, type YAMLMap } from 'yaml'
import type { Json, JsonObject } from '#libs/contracts'
import { type Finding, type Locate, type Position, sortFindings } from '../finding.js'
import { pathOf } from '../pointer.js'
import { inspectTokens, type Issue, MAX_DEPTH } from './tokens.js'
import { isExact } from '../exact-number.js'

export type YamlResult = { ok: true; value: Json; locate: Locate } | { ok: false; findings: Finding[] }

const MAX_FINDINGS = 20

/**
 * Reads one document of YAML 1.2 (core schema) or JSON, in UTF-8, with or without a byte order mark. Never throws: errors are returned as
 * findings with line and column. Blocks its thread for up to 1.3 s if 256 KiB are all short items: authenticate the caller first.
 */
export function readYaml(bytes: Uint8Array | string, file: string, maxBytes: number): YamlResult {
  const refuse = (rule: string, message: string, hint?: string): YamlResult => ({
    ok: false,
    findings: [{ file, line: 1, column: 1, rule, severity: 'error', message, ...(hint === undefined ? {} : { hint }) }],
  })
  const size = typeof bytes === 'string' ? new TextEncoder().encode(bytes).length : bytes.length
  if (size > maxBytes) return refuse('too-large', `the file has ${size} bytes, ${maxBytes} are allowed`)
  const text = decode(bytes)
  if (text === undefined) return refuse('not-utf8', 'the file is not UTF-8', 'save it as UTF-8')

  const lines = new LineCounter()
  const tokens = tokenize(text, lines)
  const { issues, fatal } = inspectTokens(tokens)
  const documents = fatal ? [] : compose(tokens, text.length)
  const [document, second] = documents
  for (const each of documents) issues.push(...syntaxIssues(each))
  if (second)
    issues.push({ offset: second.range[0], rule: 'multiple-documents', message: 'a second document starts here', hint: 'one per file' })
  const value = document && issues.length === 0 ? toJson(document.contents, issues) : null

  if (issues.length > 0) return { ok: false, findings: toFindings(issues, file, lines) }
  if (!document) return refuse('empty-document', 'the file is empty')
  return { ok: true, value, locate: (pointer) => position(lines, locateNode(document, pointer)) }
}

function decode(bytes: Uint8Array | string): string | undefined {
  if (typeof bytes === 'string') return bytes.isWellFormed() ? bytes.replace(/^\uFEFF/, '') : undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Tokenizes the text. Stops soon after the depth that `inspectTokens` refuses, instead of reading up to 256 KiB of brackets. */
function tokenize(text: string, lines: LineCounter): CST.Token[] {
  const parser = new Parser(lines.addNewLine)
  const tokens: CST.Token[] = []
  lines.addNewLine(0)
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme))
    if (parser.stack.length > 2 * MAX_DEPTH) break
  }
  tokens.push(...parser.end())
  return tokens
}

/** Composes the first two documents: the second one is only needed to report its start. */
function compose(tokens: CST.Token[], end: number): Document.Parsed[] {
  // `toObject` detects duplicate keys with one set of names per map; the library compares every pair of keys.
  const options = { version: '1.2', schema: 'core', uniqueKeys: false, merge: false, prettyErrors: false, logLevel: 'silent' } as const
  const composer = new Composer(options)
  const documents: Document.Parsed[] = []
  for (const document of composer.compose(tokens, false, end)) {
    documents.push(document)
    if (documents.length === 2) break
  }
  return documents
}

function syntaxIssues(document: Document.Parsed): Issue[] {
  return document.errors
    .filter((error) => error.code !== 'MULTIPLE_DOCS')
    .slice(0, MAX_FINDINGS)
    .map((error) => ({ offset: error.pos[0], rule: 'yaml-syntax', message: error.message.split('\n')[0] ?? error.code }))
}

function toFindings(issues: readonly Issue[], file: string, lines: LineCounter): Finding[] {
  const findings = issues.map(({ offset, ...issue }): Finding => ({ file, ...position(lines, offset), severity: 'error', ...issue }))
  return sortFindings(findings).slice(0, MAX_FINDINGS)
}

function position(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(line, 1), column: Math.max(col, 1) }
}

function locateNode(document: Document.Parsed, pointer: string): number {
  let node: Node | null = document.contents
  for (const part of pathOf(pointer)) {
    const next: unknown = isMap(node)
      ? node.items.find(({ key }) => isScalar(key) && key.value === part)?.value
      : isSeq(node)
        ? node.items[Number(part)]
        : undefined
    if (!next) break
    node = next as Node
  }
  return offsetOf(node)
}

/** Keys with a special meaning elsewhere: JavaScript's prototype, and the merge key of YAML 1.1. */
const RESERVED_KEYS = new Set(['__proto__', '<<'])

/** Matches decimal numbers. Hexadecimal and octal numbers are integers, which have a check of their own. */
const DECIMAL = /^[-+.\d][\d.]*(?:[eE][-+]?\d+)?$/

/** Returns the JSON value of a composed node; invalid if there is an issue. Adds an issue for each value without exact JSON form. */
function toJson(node: unknown, issues: Issue[]): Json {
  if (isMap(node)) return toObject(node, issues)
  if (isSeq(node)) return node.items.map((item) => toJson(item, issues))
  if (!isScalar(node)) return null
  const { value } = node
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed())
        issues.push({ offset: offsetOf(node), rule: 'lone-surrogate', message: 'the text contains half a surrogate pair' })
      return value
    case 'boolean':
      return value
    case 'number':
      return toNumber(value, node, node.source, issues)
    default:
      return null
  }
}

function offsetOf(node: Node | null | undefined): number {
  return node?.range?.[0] ?? 0
}

function toNumber(value: number, node: Node, source: string | undefined, issues: Issue[]): number {
  const offset = offsetOf(node)
  if (!Number.isFinite(value)) {
    issues.push({ offset, rule: 'number-not-finite', message: 'infinity and not-a-number have no JSON form' })
  } else if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    issues.push({ offset, rule: 'number-too-large', message: 'integers beyond 2^53-1 lose digits', hint: 'quote it to make it a text' })
  } else if (source !== undefined && DECIMAL.test(source) && !isExact(source, value)) {
    issues.push({
      offset,
      rule: 'number-loses-digits',
      message: `${source} would become ${value}`,
      hint: 'round it, or quote it to make it a text',
    })
  }
  return value === 0 ? 0 : value
}

function toObject(map: YAMLMap, issues: Issue[]): JsonObject {
  const result: JsonObject = {}
  for (const { key, value } of map.items) {
    const name = isScalar(key) ? key.value : undefined
    const offset = offsetOf(key as Node | null) || offsetOf(map)
    if (typeof name !== 'string') {
      const shown = isScalar(key) ? String(name) : 'a list or map'
      issues.push({ offset, rule: 'key-not-string', message: `key ${shown} is not a string`, hint: 'quote it' })
    } else if (RESERVED_KEYS.has(name)) {
      issues.push({ offset, rule: 'reserved-key', message: `key ${JSON.stringify(name)} is reserved` })
    } else if (!name.isWellFormed()) {
      issues.push({ offset, rule: 'lone-surrogate', message: 'the key contains half a surrogate pair' })
    } else if (Object.hasOwn(result, name)) {
      issues.push({
        offset,
        rule: 'duplicate-key',
        message: `key ${JSON.stringify(name)} occurs twice in this map`,
        hint: 'keep one of them',
      })
    } else {
      result[name] = toJson(value, issues)
      continue
    }
    toJson(value, issues)
  }
  return result
}
