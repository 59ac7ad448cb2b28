// `npm run mutate [-- NAME…]`: removes the guards of the choreography one at a time, in a copy, and demands that a named test turns red.
// A guard whose removal no test notices is a promise that nobody keeps: exit 1.
import { spawnSync } from 'node:child_process'
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

const names = process.argv.slice(2)
const unknown = names.filter((name) => !GUARDS.some((guard) => guard.name === name))
if (unknown.length > 0) {
  process.stderr.write(`no guard is called ${unknown.join(', ')}; known: ${GUARDS.map(({ name }) => name).join(', ')}\n`)
  process.exit(2)
}
if (!install() || !build()) process.exit(1)

const copy = mkdtempSync(join(tmpdir(), 'hms-mutate-'))
let survived = 0
try {
  for (const part of COPIED) cpSync(join(ROOT, part), join(copy, part), { recursive: true })
  for (const part of LINKED) symlinkSync(join(ROOT, part), join(copy, part))
  const chosen = GUARDS.filter(({ name }) => names.length === 0 || names.includes(name))
  for (const guard of chosen) if (!judge(guard)) survived++
  process.stdout.write(`${chosen.length - survived} passed, ${survived} failed\n`)
} finally {
  rmSync(copy, { recursive: true, force: true })
}
process.exit(survived === 0 ? 0 : 1)

/** Whether the named test is green with the guard and red without it. */
function judge(guard) {
  const whole = stateOf(guard)
  if (whole !== 'passed') return say('FAIL', guard, `the test is ${whole} although the guard is there`)
  const file = join(copy, guard.file)
  const source = readFileSync(file, 'utf8')
  const places = placesOf(source, guard.find)
  if (places.length === 0 || (places.length > 1 && guard.all !== true))
    return say('FAIL', guard, `its code stands ${places.length} times in ${guard.file}`)
  writeFileSync(file, replaceAt(source, places, guard.replace))
  try {
    const broken = stateOf(guard)
    return broken === 'failed'
      ? say('PASS', guard, `"${guard.test}" turns red`)
      : say('FAIL', guard, `without it "${guard.test}" is ${broken}`)
  } finally {
    writeFileSync(file, source)
  }
}

/** `passed`, `failed` or `not run`, as vitest's report says of every test of that name. */
function stateOf({ spec, test }) {
  const report = join(copy, 'report.json')
  rmSync(report, { force: true })
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const pattern = test.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const argv = [vitest, 'run', '--config', 'test/vitest.config.ts', spec, '-t', pattern, '--reporter=json', `--outputFile=${report}`]
  spawnSync(process.execPath, argv, {
    cwd: copy,
    stdio: 'ignore',
    timeout: RUN_MS,
    killSignal: 'SIGTERM',
    env: { ...process.env, HMS_TEST_SEEDS: SEEDS },
  })
  let results
  try {
    results = JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap((file) => file.assertionResults)
  } catch {
    // A run that its own time ended wrote nothing: what hangs without its guard is red too.
    return 'failed'
  }
  const mine = results.filter((result) => result.title === test && result.status !== 'skipped' && result.status !== 'pending')
  if (mine.length === 0) return 'not run'
  return mine.some((result) => result.status === 'failed') ? 'failed' : 'passed'
}

function say(verdict, guard, what) {
  process.stdout.write(`${verdict}  ${guard.name}: ${guard.guard} — ${what}\n`)
  return verdict === 'PASS'
}
