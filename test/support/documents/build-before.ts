import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../architecture/root.js'

interface CompatibleWith {
  /** The build that runs beside this one while services are replaced. */
  commit: string
  /** The second step of a change whose first one is older than `commit`: what no reader of it uses any more, and how that is known. */
  contracted: { change: string; why: string }[]
}

export const compatibleWith = JSON.parse(readFileSync(join(ROOT, 'test/parts/compatible-with.json'), 'utf8')) as CompatibleWith

/** A copy of the repository without its history has nothing to compare with. */
export function hasHistory(): boolean {
  try {
    return git('rev-parse', '--is-shallow-repository').trim() === 'false'
  } catch {
    return false
  }
}

/** A file as it was then; empty where it was not there. Throws where the commit is not in the history. */
export function textBefore(path: string): string {
  return filesBefore(path).length === 0 ? '' : git('show', `${compatibleWith.commit}:${path}`)
}

/** Paths of that commit at or below `paths`. Throws where the commit is not in the history. */
export function filesBefore(...paths: string[]): string[] {
  try {
    return git('ls-tree', '-r', '--name-only', compatibleWith.commit, ...paths)
      .split('\n')
      .filter((path) => path !== '')
  } catch (cause) {
    throw new Error(`commit ${compatibleWith.commit} is not here: fetch the whole history (git fetch --unshallow)`, { cause })
  }
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe', maxBuffer: 64 * 1024 * 1024 })
}
