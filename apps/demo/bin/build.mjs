// Builds `dist` when a source is newer than the last build. Plain Node: needs the installed packages.
// `npm run build` checks the types too, and writes their declarations; `-- --without-types` leaves that out.
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { compile } from './compile.mjs'
import { install } from './install.mjs'
import { run, step } from './progress.mjs'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const DIST = join(ROOT, 'dist')
/** Written last by a build, and by a check of the types. */
const BUILT = join(DIST, '.built')
const CHECKED = join(DIST, '.built-types')
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
const TYPES = join(ROOT, 'apps', 'tsconfig.build.json')
const DOCS_WRITER = join(ROOT, 'apps', 'console', 'bin', 'prepare-docs.mjs')
/** Programs that bundle compiled code, each a process of its own. */
const BUNDLERS = ['bundle-bridge.mjs', 'bundle-cli.mjs'].map((name) => join(ROOT, 'apps', 'demo', 'bin', name))

/**
 * Compiles what changed, bundles for browsers and renders the documents. With `types` it also checks the types and writes their
 * declarations, which takes most of the time. Returns false if one of these failed.
 */
export async function build({ types = false } = {}) {
  const parts = []
  if (isStale(BUILT)) parts.push(step('Building (compile, bundle, render the documents)', buildCode))
  if (types && isStale(CHECKED)) parts.push(step('Checking the types (tsc)', writeTypes))
  return (await Promise.all(parts)).every(Boolean)
}

async function buildCode() {
  if (!existsSync(BUILT) && !existsSync(CHECKED)) rmSync(DIST, { recursive: true, force: true })
  mkdirSync(join(DIST, 'apps', 'console'), { recursive: true })
  const documents = run(process.execPath, [DOCS_WRITER, '--write'])
  const isCompiled = await compile()
  const bundled = isCompiled ? await Promise.all(BUNDLERS.map((bundler) => run(process.execPath, [bundler]))) : [false]
  if (!(await documents) || !bundled.every(Boolean)) return false
  chmodSync(join(DIST, 'apps', 'cli', 'src', 'main.js'), 0o755)
  copySwagger()
  writeFileSync(BUILT, '')
  return true
}

async function writeTypes() {
  const argv = [TSC, '-p', TYPES, '--emitDeclarationOnly', '--tsBuildInfoFile', join(DIST, '.types.tsbuildinfo')]
  if (!(await run(process.execPath, argv))) return false
  writeFileSync(CHECKED, '')
  return true
}

/** A page of the console shows the API with it; the published package brings these files instead of the whole of that package. */
function copySwagger() {
  for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE', 'NOTICE'])
    cpSync(join(ROOT, 'node_modules', 'swagger-ui-dist', name), join(DIST, 'apps', 'console', 'swagger', name))
}

function isStale(stamp) {
  if (!existsSync(stamp)) return true
  const builtAt = statSync(stamp).mtimeMs
  const sources = [
    join(ROOT, 'package.json'),
    join(ROOT, 'tsconfig.json'),
    join(ROOT, 'apps', 'demo', 'bin', 'compile.mjs'),
    DOCS_WRITER,
    ...BUNDLERS,
    ...filesUnder(join(ROOT, 'docs')),
    ...filesUnder(join(ROOT, 'apps')),
    ...filesUnder(join(ROOT, 'libs')),
  ]
  return sources.some((file) => statSync(file).mtimeMs > builtAt)
}

function filesUnder(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(tsx?|json|md|svg)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const types = !process.argv.includes('--without-types')
  const isReady = !types || existsSync(TSC) || (await install())
  if (!isReady || !(await build({ types }))) process.exitCode = 1
}
