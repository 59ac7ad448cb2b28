// Builds `dist` when a source is newer than the last build. Plain Node: runs before anything is compiled.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const STAMP = join(ROOT, 'dist', '.built')
const BUNDLER = join(ROOT, 'apps', 'demo', 'bin', 'bundle-bridge.mjs')
const CLI_BUNDLER = join(ROOT, 'apps', 'demo', 'bin', 'bundle-cli.mjs')
const DOCS_WRITER = join(ROOT, 'apps', 'console', 'bin', 'prepare-docs.mjs')

/** Compiles what changed, bundles for browsers and renders the documents; answers false when either failed. */
export function build() {
  if (!stale()) return true
  if (!existsSync(STAMP)) rmSync(join(ROOT, 'dist'), { recursive: true, force: true })
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const run = (...args) => spawnSync(process.execPath, args, { stdio: ['ignore', 2, 2], cwd: ROOT }).status === 0
  if (!run(tsc, '-p', join(ROOT, 'apps', 'tsconfig.build.json')) || !run(BUNDLER) || !run(CLI_BUNDLER) || !run(DOCS_WRITER, '--write'))
    return false
  chmodSync(join(ROOT, 'dist', 'apps', 'cli', 'src', 'main.js'), 0o755)
  copySwagger()
  writeFileSync(STAMP, '')
  return true
}

/** A page of the console shows the API with it; the published package brings these files instead of the whole of that package. */
function copySwagger() {
  for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE', 'NOTICE'])
    cpSync(join(ROOT, 'node_modules', 'swagger-ui-dist', name), join(ROOT, 'dist', 'apps', 'console', 'swagger', name))
}

function stale() {
  if (!existsSync(STAMP)) return true
  const builtAt = statSync(STAMP).mtimeMs
  const sources = [
    join(ROOT, 'package.json'),
    join(ROOT, 'tsconfig.json'),
    BUNDLER,
    CLI_BUNDLER,
    DOCS_WRITER,
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

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href && !build()) process.exitCode = 1
