import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const MARK = /\/\/ guards?: ([\w-]+(?:, [\w-]+)*)$/

/** Marks in a source: the name of a guard, and the index of the line. */
function marksIn(source) {
  if (!source.includes('// guard')) return []
  return source.split('\n').flatMap((line, at) => (MARK.exec(line)?.[1].split(', ') ?? []).map((name) => ({ name, at })))
}

/** Files below `root`, by the names of the guards that are marked in them. */
export function markedFiles(root) {
  const files = ['apps', 'libs', 'test/support'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((path) => join(folder, path)),
  )
  const found = new Map()
  for (const file of files.filter((path) => /\.tsx?$/.test(path)))
    for (const name of new Set(marksIn(readFileSync(join(root, file), 'utf8')).map((mark) => mark.name)))
      found.set(name, [...(found.get(name) ?? []), file])
  return found
}

/**
 * Returns the `source` of `file` without the guard `name`. The guarded code starts on the line that its mark ends, or after a mark on a line of
 * its own. It is the largest statement, member, element, operand or call of a chain that starts there; the whole `if` for its body.
 * - `''` removes it.
 * - Another text replaces the expression that decides in it: a condition, what is returned, assigned or called; the body of a function. `$1`,
 *   `$2` … stand for the parts of that expression: operands, condition and branches, or arguments.
 * - `[text, replacement]` changes a text in it, such as a part of an SQL statement.
 */
export function removeMarked(file, source, { name, without }) {
  const lines = source.split('\n')
  const marks = marksIn(source).filter((mark) => mark.name === name)
  if (marks.length === 0) throw new Error(`no line is marked with ${name}`)
  return marks.toReversed().reduce((text, { at }) => {
    const line = /^\s*\/\//.test(lines[at]) ? at + 1 : at
    const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
    const node = nodeAt(tree, tree.getPositionOfLineAndCharacter(line, lines[line].search(/\S/)))
    if (node === undefined) throw new Error(`nothing starts on the line marked with ${name}`)
    return withoutGuard(text, isBody(node) ? node.parent : node, without)
  }, source)
}

const isBody = (node) => [node.parent.thenStatement, node.parent.statement].includes(node)

function withoutGuard(source, node, without) {
  if (without === '') return withoutNode(source, node)
  if (typeof without === 'string') {
    const target = decidingIn(node)
    return replaced(
      source,
      [target.getStart(), target.end],
      without.replaceAll(/\$(\d)/g, (_, n) => partsOf(target)[n - 1].getText()),
    )
  }
  const [text, replacement] = without
  const at = source.indexOf(text, node.getStart())
  if (at === -1 || at + text.length > node.end) throw new Error(`the marked code does not contain ${text}`)
  return replaced(source, [at, at + text.length], replacement)
}

const replaced = (source, [from, to], text) => source.slice(0, from) + text + source.slice(to)

/** The largest node that starts at `start`, or the operand or call that a line such as `&& x` or `.filter(…)` adds. */
function nodeAt(file, start) {
  let found
  const visit = (node) => {
    if (node.getFullStart() > start || node.end <= start || found !== undefined) return
    const continued = ts.isSyntaxList(node) ? undefined : continuedAt(node, start)
    if (continued !== undefined) found = continued
    else if (node !== file && node.getStart() === start && !ts.isSyntaxList(node)) found = node
    else ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

function continuedAt(node, start) {
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const { questionDotToken, name } = node.expression
    if ((questionDotToken?.getStart() ?? name.getStart() - 1) === start) return node
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.getStart() === start) return node.right
  if (ts.isConditionalExpression(node) && node.questionToken.getStart() === start) return node.whenTrue
  if (ts.isConditionalExpression(node) && node.colonToken.getStart() === start) return node.whenFalse
  if (!ts.isIfStatement(node) || node.elseStatement === undefined) return undefined
  return node.elseStatement.getFullStart() - 'else'.length === start ? node.elseStatement : undefined
}

function withoutNode(source, node) {
  const { parent } = node
  if (ts.isBinaryExpression(parent))
    return replaced(source, parent.right === node ? [parent.left.end, node.end] : [node.getStart(), parent.right.getStart()], '')
  if (ts.isIfStatement(parent) && parent.elseStatement === node) return replaced(source, [parent.thenStatement.end, node.end], '')
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression))
    return replaced(source, [node.expression.expression.end, node.end], '')
  const comma = /^\s*,/.exec(source.slice(node.end))?.[0].length ?? 0
  return replaced(source, [node.getStart(), node.end + comma], '')
}

/** The expression of a statement or member that decides what it does. */
function decidingIn(node) {
  if (ts.isVariableStatement(node)) return withoutAwait(node.declarationList.declarations[0].initializer)
  if (ts.isFunctionLike(node) && node.body !== undefined && !ts.isArrowFunction(node)) return node.body
  if (ts.isPropertyAssignment(node) || ts.isPropertyDeclaration(node)) return decidingIn(node.initializer)
  return withoutAwait(ts.isStatement(node) ? node.expression : node)
}

const withoutAwait = (node) => (ts.isAwaitExpression(node) ? withoutAwait(node.expression) : node)

/** Parts of an expression that `$1`, `$2` … name. */
function partsOf(node) {
  if (ts.isBinaryExpression(node)) return [...operandsOf(node.left, node.operatorToken.kind), node.right]
  if (ts.isConditionalExpression(node)) return [node.condition, node.whenTrue, node.whenFalse]
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) return [...(node.arguments ?? [])]
  if (ts.isParenthesizedExpression(node) || ts.isPrefixUnaryExpression(node)) return partsOf(node.expression ?? node.operand)
  return []
}

const operandsOf = (node, kind) =>
  ts.isBinaryExpression(node) && node.operatorToken.kind === kind ? [...operandsOf(node.left, kind), node.right] : [node]
