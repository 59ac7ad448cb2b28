// Installs the pinned dependencies when they are missing or no longer those of the lock file.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** Answers false when npm failed; its words are on stderr. */
export function install() {
  if (installed()) return true
  process.stderr.write('Installing the pinned dependencies (npm ci)…\n')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: ['ignore', 2, 2],
    cwd: ROOT,
    shell: process.platform === 'win32',
  })
  return status === 0
}

/** npm notes what it installed in `.package-lock.json`: the same packages at the same versions are there, or they are not. */
function installed() {
  const noted = join(ROOT, 'node_modules', '.package-lock.json')
  if (!existsSync(noted)) return false
  const have = JSON.parse(readFileSync(noted, 'utf8')).packages
  const want = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages
  const own = new Set(Object.keys(want[''].optionalDependencies).map((name) => `node_modules/${name}`))
  return Object.entries(want).every(([path, { version, optional, integrity }]) => {
    // What is optional below is for other machines; npm may have left it out here.
    if (path === '' || (optional && !own.has(path))) return true
    return have[path]?.version === version && (integrity === undefined || have[path].integrity === integrity)
  })
}
