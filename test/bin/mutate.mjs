// `npm run mutate [-- NAME…]`: removes the guards of the choreography one at a time, in a copy, and demands that a named test turns red.
// A guard whose removal no test notices is a promise that nobody keeps: exit 1.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GUARDS } from '../mutations/guards.mjs'
import { placesOf, replaceAt } from '../mutations/places.mjs'
import { build } from '../../apps/demo/bin/build.mjs'
import { install } from '../../apps/demo/bin/install.mjs'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const COPIED = ['apps', 'libs', 'test', 'docs', 'package.json', 'tsconfig.json']
const LINKED = ['node_modules', 'dist']
/** Enough that a broken guard shows; the whole number is for the unbroken tree. */
const SEEDS = process.env['HMS_TEST_SEEDS'] ?? '300'
const RUN_MS = 300_000
/** Copies of the tree that lose guards side by side: one spec alone keeps one core busy. */
const LANES = 2

const names = process.argv.slice(2)
const unknown = names.filter((name) => !GUARDS.some((guard) => guard.name === name))
if (unknown.length > 0) {
  process.stderr.write(`no guard is called ${unknown.join(', ')}; known: ${GUARDS.map(({ name }) => name).join(', ')}\n`)
  process.exit(2)
}
if (!install() || !build()) process.exit(1)

const chosen = GUARDS.filter(({ name }) => names.length === 0 || names.includes(name))
/** Guards of one spec together: their tests are run once with every guard in place, then once without each. */
const waiting = [...new Set(chosen.map(({ spec }) => spec))].map((spec) => chosen.filter((guard) => guard.spec === spec))
const tally = { passed: 0, failed: 0 }
await Promise.all(Array.from({ length: LANES }, takeSpecs))
process.stdout.write(`${tally.passed} passed, ${tally.failed} failed\n`)
process.exit(tally.failed === 0 ? 0 : 1)

async function takeSpecs() {
  const copy = mkdtempSync(join(tmpdir(), 'hms-mutate-'))
  try {
    for (const part of COPIED) cpSync(join(ROOT, part), join(copy, part), { recursive: true })
    for (const part of LINKED) symlinkSync(join(ROOT, part), join(copy, part))
    for (let guards = waiting.shift(); guards !== undefined; guards = waiting.shift()) {
      const whole = await statesOf(copy, guards)
      for (const guard of guards) tally[(await judge(copy, guard, whole.get(guard.test))) ? 'passed' : 'failed']++
    }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** Whether the named test, `whole` with the guard, is red without it. */
async function judge(copy, guard, whole) {
  if (whole !== 'passed') return say('FAIL', guard, `the test is ${whole} although the guard is there`)
  const file = join(copy, guard.file)
  const source = readFileSync(file, 'utf8')
  const places = placesOf(source, guard.find)
  if (places.length === 0 || (places.length > 1 && guard.all !== true))
    return say('FAIL', guard, `its code stands ${places.length} times in ${guard.file}`)
  writeFileSync(file, replaceAt(source, places, guard.replace))
  try {
    const broken = (await statesOf(copy, [guard])).get(guard.test)
    return broken === 'failed'
      ? say('PASS', guard, `"${guard.test}" turns red`)
      : say('FAIL', guard, `without it "${guard.test}" is ${broken}`)
  } finally {
    writeFileSync(file, source)
  }
}

/** `passed`, `failed` or `not run` for the test of each of these guards of one spec, as vitest's report says. */
async function statesOf(copy, guards) {
  const report = join(copy, 'report.json')
  rmSync(report, { force: true })
  const tests = [...new Set(guards.map(({ test }) => test))]
  const pattern = tests.map((test) => test.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')
  await runVitest(copy, [guards[0].spec, '-t', pattern, '--reporter=json', `--outputFile=${report}`])
  let results
  try {
    results = JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap((file) => file.assertionResults)
  } catch {
    // A run that its own time ended wrote nothing: what hangs without its guard is red too.
    return new Map(tests.map((test) => [test, 'failed']))
  }
  return new Map(tests.map((test) => [test, stateOf(results, test)]))
}

function stateOf(results, test) {
  const mine = results.filter(({ title, status }) => title === test && status !== 'skipped' && status !== 'pending')
  if (mine.length === 0) return 'not run'
  return mine.some(({ status }) => status === 'failed') ? 'failed' : 'passed'
}

function runVitest(cwd, argv) {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const child = spawn(process.execPath, [vitest, 'run', '--config', 'test/vitest.config.ts', ...argv], {
    cwd,
    stdio: 'ignore',
    timeout: RUN_MS,
    killSignal: 'SIGTERM',
    env: { ...process.env, HMS_TEST_SEEDS: SEEDS },
  })
  return once(child, 'exit')
}

function say(verdict, guard, what) {
  process.stdout.write(`${verdict}  ${guard.name}: ${guard.guard} — ${what}\n`)
  return verdict === 'PASS'
}
