import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const COPIED = ['apps', 'libs', 'test', 'docs', 'package.json', 'tsconfig.json']
const LINKED = ['node_modules', 'dist']
const isOurs = (path) => basename(path) !== 'node_modules'
/** Longer than any test has: what hangs without its guard is red too. */
const RUN_MS = 300_000

/** A copy of the tree at `root`, and a vitest in it that stays from one guard to the next. */
export function openLane(root, env) {
  const copy = mkdtempSync(join(tmpdir(), 'hms-mutate-'))
  for (const part of COPIED) cpSync(join(root, part), join(copy, part), { recursive: true, filter: isOurs })
  for (const part of LINKED) symlinkSync(join(root, part), join(copy, part))
  let vitest
  /** Files of the last run that are as they were again, which vitest does not know. */
  let putBack = []

  /** `passed`, `failed` or `not run` for each of these tests of a spec, after somebody wrote the `changed` files. */
  async function statesOf(spec, tests, changed = []) {
    vitest ??= await startVitest(copy, env)
    const met = await answerOf(vitest, { spec, tests, changed: [...putBack, ...changed] })
    if (met === undefined) vitest = undefined
    putBack = changed
    // What ends vitest, or keeps it busy beyond its time, is red too.
    return new Map(tests.map((test) => [test, met === undefined ? 'failed' : stateOf(met, test)]))
  }

  async function close() {
    if (vitest !== undefined) {
      const ended = once(vitest, 'exit')
      vitest.kill('SIGTERM')
      await ended
    }
    rmSync(copy, { recursive: true, force: true })
  }

  return { copy, statesOf, close }
}

async function startVitest(copy, env) {
  const child = fork(join(copy, 'test/mutations/lane.mjs'), { cwd: copy, stdio: 'ignore', env })
  await once(child, 'message')
  return child
}

/** The states of the tests that vitest met; undefined once it has ended, for which its time is a reason. */
async function answerOf(vitest, question) {
  const deadline = setTimeout(() => vitest.kill('SIGTERM'), RUN_MS)
  const over = new AbortController()
  const { signal } = over
  const exit = once(vitest, 'exit', { signal }).then(() => undefined)
  const answer = once(vitest, 'message', { signal }).then(([met]) => met)
  exit.catch(() => {})
  answer.catch(() => {})
  vitest.send(question)
  try {
    return await Promise.race([answer, exit])
  } finally {
    clearTimeout(deadline)
    over.abort()
  }
}

function stateOf(met, test) {
  const mine = met.filter(({ title, state }) => title === test && state !== 'skipped' && state !== 'pending')
  if (mine.length === 0) return 'not run'
  return mine.some(({ state }) => state === 'failed') ? 'failed' : 'passed'
}
