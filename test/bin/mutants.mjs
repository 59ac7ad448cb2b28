// `node test/bin/mutants.mjs [LIBRARY]…`: breaks the conditions of libs/{signing,guard,evaluation,pipeline} one at a time with StrykerJS,
// and counts how many of these mutants the specs of each library notice. A library below its floor fails; mutants that its specs miss
// since the last run that passed are listed. Of a named library, all missed mutants are listed. Results of the last run that passed are
// kept in `.stryker`, and reused where neither the code nor its specs changed. Ends with `N passed, N failed`.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { install } from '../../apps/demo/bin/install.mjs'
import { FLOORS, floorsOf, missedOf, tableOf, verdictOf, withoutUnjudged } from '../stryker/verdicts.mjs'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PACKAGES = join(ROOT, 'test/stryker')
const STRYKER = join(PACKAGES, 'node_modules/@stryker-mutator/core/bin/stryker.js')
const RESULTS = join(ROOT, '.stryker')
const SETTINGS = [
  'package-lock.json',
  ...['package-lock.json', 'stryker.config.mjs', 'vitest.config.mjs', 'fixed-seed.mjs', 'bail-runner.mjs'].map(
    (name) => `test/stryker/${name}`,
  ),
]
/** Each takes half a gigabyte. */
const WORKERS = Math.min(availableParallelism(), 8)
/** Specs of a library, if they are not all of its folder. Those left out start a program, or wait by the clock of the machine. */
const SPECS = {
  guard: ['libs/guard/src/*.spec.ts'],
  evaluation: [
    'libs/ofrep/src/*.spec.ts',
    ...['disk-copy', 'evaluate', 'whole-bundles'].map((name) => `libs/client/src/connection/${name}.spec.ts`),
  ],
}

const args = process.argv.slice(2)
const unknown = args.filter((arg) => !Object.hasOwn(FLOORS, arg))
if (unknown.length > 0) {
  process.stderr.write(`no library is called ${unknown.join(', ')}; known: ${Object.keys(FLOORS).join(', ')}\n`)
  process.exit(2)
}
if (!(await install()) || !installStryker()) process.exit(1)
mkdirSync(RESULTS, { recursive: true })
const verdicts = (args.length === 0 ? Object.keys(FLOORS) : args).map(judge)
const passed = verdicts.filter((verdict) => verdict.passed).length
process.stdout.write(`${tableOf(verdicts)}\nscores of this run, as floors:\n${floorsOf(verdicts)}\n`)
process.stdout.write(`${passed} passed, ${verdicts.length - passed} failed\n`)
process.exit(passed === verdicts.length ? 0 : 1)

/** Runs the mutants of a library. A run that fails does not replace the results of a run that passed, which the next is compared with. */
function judge(library) {
  const kept = join(RESULTS, `${library}.json`)
  const { digest, report: before } = existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : {}
  const current = digestOf(library)
  const report = runStryker(library, digest === current ? before : undefined)
  const verdict = verdictOf(library, report, FLOORS[library])
  const isNamed = args.includes(library)
  const missed = missedOf(report, before).filter(({ isKnown }) => isNamed || !isKnown)
  if (isNamed || (!verdict.passed && before !== undefined)) {
    process.stdout.write([`${library}: missed mutants:`, ...missed.map(({ line }) => line), ''].join('\n'))
  }
  if (verdict.passed || (before === undefined && verdict.mutants > 0)) {
    writeFileSync(kept, JSON.stringify({ digest: current, report }))
  }
  return verdict
}

/** Installs the pinned packages when they are missing or no longer those of the lock file; their vitest is the root's. */
function installStryker() {
  const noted = join(PACKAGES, 'node_modules/.package-lock.json')
  const have = existsSync(noted) ? JSON.parse(readFileSync(noted, 'utf8')).packages : {}
  const want = JSON.parse(readFileSync(join(PACKAGES, 'package-lock.json'), 'utf8')).packages
  if (Object.entries(want).every(([path, { version }]) => path === '' || have[path]?.version === version)) return true
  const argv = ['ci', '--prefix', PACKAGES, '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund', '--loglevel=error']
  return spawnSync('npm', argv, { stdio: ['ignore', 2, 2], cwd: ROOT }).status === 0
}

/** Returns Stryker's report on a library, which is empty if Stryker fails. Reuses results of an earlier report. */
function runStryker(library, earlier) {
  const name = `.stryker/${library}.current.json`
  const file = join(ROOT, name)
  rmSync(file, { force: true })
  if (earlier !== undefined) writeFileSync(file, JSON.stringify(withoutUnjudged(earlier)))
  const argv = ['run', 'test/stryker/stryker.config.mjs', '--incremental', '--incrementalFile', name, '--concurrency', String(WORKERS)]
  const mutate = [`libs/${library}/src/**/*.ts`, '!**/*.spec.ts', '!**/testing/**'].join(',')
  const specs = SPECS[library] ?? [`libs/${library}/src/**/*.spec.ts`]
  const { status } = spawnSync(process.execPath, [STRYKER, ...argv, '--mutate', mutate, '--testFiles', specs.join(',')], {
    stdio: ['ignore', 2, 2],
    cwd: ROOT,
  })
  if (status !== 0) process.stdout.write(`${library}: StrykerJS ended with ${status}\n`)
  return status === 0 && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { files: {} }
}

/** Digest of what decides results, except the mutated files and specs, which Stryker compares. */
function digestOf(library) {
  const sources = readdirSync(join(ROOT, 'libs'), { recursive: true, encoding: 'utf8' })
    .map((path) => `libs/${path}`)
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
    .filter((path) => !path.startsWith(`libs/${library}/`) || path.includes('/testing/'))
  const hash = createHash('sha256').update(process.version)
  for (const path of [...SETTINGS, ...sources.sort()]) hash.update(path).update(readFileSync(join(ROOT, path)))
  return hash.digest('hex')
}
