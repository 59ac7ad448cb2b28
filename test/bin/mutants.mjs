// `node test/bin/mutants.mjs [LIBRARY|FILE]…`: breaks the conditions of libs/{pipeline,signing,guard,evaluation} one at a time with StrykerJS,
// and counts for each library how many of these mutants its tests notice. A library below its floor fails. Without arguments, results of
// the last run are reused where nothing changed; with arguments, survivors are listed, and a file is held to the floor of its library.
// Reports: .stryker/report.{json,html}. Ends with `N passed, N failed`.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { install } from '../../apps/demo/bin/install.mjs'
import { FLOORS, floorsOf, libraryOf, tableOf, verdictsOf, withoutUnjudged } from '../stryker/verdicts.mjs'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PACKAGES = join(ROOT, 'test/stryker')
const STRYKER = join(PACKAGES, 'node_modules/@stryker-mutator/core/bin/stryker.js')
const RESULTS = join(ROOT, '.stryker')
const REPORT = join(RESULTS, 'report.json')
const SETTINGS = [
  'package-lock.json',
  ...['package-lock.json', 'stryker.config.mjs', 'vitest.config.mjs'].map((name) => `test/stryker/${name}`),
]
/** Each takes half a gigabyte. */
const WORKERS = Math.min(availableParallelism(), 8)

const args = process.argv.slice(2)
const unknown = args.filter((arg) => libraryOf(arg) === undefined)
if (unknown.length > 0) {
  process.stderr.write(`no library is called ${unknown.join(', ')}; known: ${Object.keys(FLOORS).join(', ')}, and files of libs/{…}/src\n`)
  process.exit(2)
}
if (!install() || !installStryker()) process.exit(1)
rmSync(REPORT, { force: true })
const status = runStryker(args.length === 0 ? reuse() : only(args))
if (status !== 0 || !existsSync(REPORT)) {
  process.stdout.write(`StrykerJS ended with ${status}\n0 passed, 1 failed\n`)
  process.exit(1)
}
const chosen = args.map(libraryOf)
const floors = Object.fromEntries(Object.entries(FLOORS).filter(([library]) => args.length === 0 || chosen.includes(library)))
const verdicts = verdictsOf(JSON.parse(readFileSync(REPORT, 'utf8')), floors)
const passed = verdicts.filter((verdict) => verdict.passed).length
process.stdout.write(`${tableOf(verdicts)}\n`)
if (args.length === 0) process.stdout.write(`scores of this run, as floors:\n${floorsOf(verdicts)}\n`)
process.stdout.write(`${passed} passed, ${verdicts.length - passed} failed\n`)
process.exit(passed === verdicts.length ? 0 : 1)

/** Installs the pinned packages when they are missing or no longer those of the lock file; their vitest is the root's. */
function installStryker() {
  const noted = join(PACKAGES, 'node_modules/.package-lock.json')
  const have = existsSync(noted) ? JSON.parse(readFileSync(noted, 'utf8')).packages : {}
  const want = JSON.parse(readFileSync(join(PACKAGES, 'package-lock.json'), 'utf8')).packages
  if (Object.entries(want).every(([path, { version }]) => path === '' || have[path]?.version === version)) return true
  const argv = ['ci', '--prefix', PACKAGES, '--legacy-peer-deps', '--no-audit', '--no-fund', '--loglevel=error']
  return spawnSync('npm', argv, { stdio: ['ignore', 2, 2], cwd: ROOT }).status === 0
}

function runStryker(options) {
  const argv = [STRYKER, 'run', 'test/stryker/stryker.config.mjs', `--concurrency=${WORKERS}`, ...options]
  return spawnSync(process.execPath, argv, { stdio: ['ignore', 2, 2], cwd: ROOT }).status
}

/**
 * Options of an incremental run. Stryker compares the mutated files and the specs with those of the last run; whatever else decides a result
 * is in the name of the file that keeps them.
 */
function reuse() {
  const sources = readdirSync(join(ROOT, 'libs'), { recursive: true, encoding: 'utf8' })
    .map((path) => join('libs', path))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts') && (libraryOf(path) === undefined || path.includes('/testing/')))
  const hash = createHash('sha256').update(process.version)
  for (const path of [...SETTINGS, ...sources.sort()]) hash.update(path).update(readFileSync(join(ROOT, path)))
  const name = `incremental-${hash.digest('hex').slice(0, 16)}.json`
  const others = existsSync(RESULTS) ? readdirSync(RESULTS).filter((file) => file.startsWith('incremental-') && file !== name) : []
  for (const file of others) rmSync(join(RESULTS, file))
  const file = join(RESULTS, name)
  if (existsSync(file)) writeFileSync(file, JSON.stringify(withoutUnjudged(JSON.parse(readFileSync(file, 'utf8')))))
  return ['--incremental', '--incrementalFile', join('.stryker', name)]
}

/** Options of a run over some libraries or files. */
function only(names) {
  const patterns = names.map((name) => (name in FLOORS ? `libs/${name}/src/**/*.ts` : name))
  return [
    '--mutate',
    [...patterns, '!**/*.spec.ts', '!**/testing/**'].join(','),
    '--reporters',
    'json,html,clear-text,progress-append-only',
  ]
}
