import ts from 'typescript'
import { expect, it } from 'vitest'
import { sourcesOf } from './root.js'

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']
const production = [...sourcesOf('apps', /\.tsx?$/), ...sourcesOf('libs', /\.tsx?$/)].filter(
  ({ path }) => !/\.(spec|suite|fixture)\.ts$|\/testing\//.test(path),
)

/** A transaction may roll back, and is repeated: what it did is logged once it is committed. */
it('what is done in a transaction is logged after its commit', () => {
  const calls = production.flatMap(({ path, text }) => logCallsIn(path, text))
  expect(calls.length).toBeGreaterThan(80)
  expect(calls.filter(({ isEarly }) => isEarly).map(({ place }) => place)).toEqual([])
})

it.each([
  ['async function f(tx) { this.log.warn({}, "done") }', true],
  ['run(async (tx) => { if (x) runtime.log.info({}, "done") })', true],
  ['run(async (tx) => { tx.afterCommit(() => log.info({}, "done")) })', false],
  ['run(async (tx) => 1).then(() => log.info({}, "done"))', false],
])('%s is too early: %s', (text, isEarly) => {
  expect(logCallsIn('x.ts', text)).toMatchObject([{ isEarly }])
})

function logCallsIn(path: string, text: string): { place: string; isEarly: boolean }[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: { place: string; isEarly: boolean }[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isLogCall(node)) {
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1
      found.push({ place: `${path}:${line}`, isEarly: isBeforeCommit(node) })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function isLogCall({ expression }: ts.CallExpression): boolean {
  if (!ts.isPropertyAccessExpression(expression) || !LEVELS.includes(expression.name.text)) return false
  return /(^|\.)log$/.test(expression.expression.getText())
}

/** Whether the innermost function with a transaction around the call is reached before an `afterCommit`. */
function isBeforeCommit(call: ts.Node): boolean {
  for (let node = call.parent; node !== undefined; node = node.parent) {
    if (!ts.isFunctionLike(node)) continue
    if (ts.isCallExpression(node.parent) && node.parent.expression.getText().endsWith('.afterCommit')) return false
    if (node.parameters.some(({ name }) => name.getText() === 'tx')) return true
  }
  return false
}
