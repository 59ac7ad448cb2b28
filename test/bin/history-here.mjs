import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Whether the build before this one can be made: from the commit that `compatible-with.json` names. */
export function historyHere() {
  const { commit } = JSON.parse(readFileSync(new URL('../parts/compatible-with.json', import.meta.url), 'utf8'))
  const found = spawnSync('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: ROOT, stdio: 'ignore' }).status === 0
  return found ? { ok: true } : { ok: false, why: `commit ${commit}, which it builds, is not in this copy (git fetch --unshallow)` }
}
