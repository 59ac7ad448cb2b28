// Installs the packages that the lock file pins when they are missing or others. Plain Node: runs before anything is installed.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run, step } from './progress.mjs'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const MODULES = join(ROOT, 'node_modules')
const LOCK = join(ROOT, 'package-lock.json')
/** Contains the digest of the lock file from which everything but the tools was installed. `npm ci` removes it with the packages. */
const STAMP = join(MODULES, '.hms-without-tools')
/** Files of packages that no program reads: source maps, static libraries. A fifth of what the demo installs. */
const UNREAD = /\.(map|a)$/

/**
 * Installs everything, or without `tools` what the demo runs and is built with: not the tools that `test/tools` lists. Returns false if npm
 * failed; its messages are on stderr.
 */
export async function install({ tools = true } = {}) {
  if (hasEverything() || (!tools && hasAllButTools())) return true
  if (tools) return step('Installing the pinned packages, with the tools of tests (npm ci)', () => npmCi())
  return step('Installing the packages of the demo (npm ci)', async () => {
    if (!(await npmCi('--workspaces=false'))) return false
    removeUnread()
    writeFileSync(STAMP, digestOfLock())
    return true
  })
}

function npmCi(...flags) {
  // No package needs its install script, and none is trusted to run one.
  const options = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  return run('npm', ['ci', ...options, ...flags])
}

/** npm lists what it installed in `.package-lock.json`: these are the packages and versions of the lock file, or they are not. */
function hasEverything() {
  const listed = join(MODULES, '.package-lock.json')
  if (!existsSync(listed)) return false
  const have = JSON.parse(readFileSync(listed, 'utf8')).packages
  const want = JSON.parse(readFileSync(LOCK, 'utf8')).packages
  const own = new Set(Object.keys(want[''].optionalDependencies).map((name) => `node_modules/${name}`))
  return Object.entries(want).every(([path, { version, optional, integrity, link }]) => {
    // An optional package of a package is for other machines; npm may have left it out here.
    if (path === '' || link || (optional && !own.has(path))) return true
    return have[path]?.version === version && (integrity === undefined || have[path].integrity === integrity)
  })
}

function hasAllButTools() {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === digestOfLock()
}

function digestOfLock() {
  return createHash('sha256').update(readFileSync(LOCK)).digest('hex')
}

function removeUnread() {
  for (const entry of readdirSync(MODULES, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && UNREAD.test(entry.name)) rmSync(join(entry.parentPath, entry.name))
  }
}
