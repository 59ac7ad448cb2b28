import { execFile } from 'node:child_process'
import { dirname, basename } from 'node:path'
import { promisify } from 'node:util'

const DEADLINE_MS = 2_000
const run = promisify(execFile)

/**
 * Who wrote a file as git knows it: the author of its last commit, or whoever is at work here where it was changed since or never committed.
 * `undefined` outside of a repository, without git, and when git takes longer than two seconds.
 */
export async function committerOf(file: string): Promise<string | undefined> {
  const name = ['--', basename(file)]
  const changed = await git(file, ['status', '--porcelain', ...name])
  if (changed === undefined) return undefined
  const committed = changed === '' ? await git(file, ['log', '-1', '--format=%an', ...name]) : ''
  const author = committed === '' ? await git(file, ['config', 'user.name']) : committed
  return author === '' ? undefined : author
}

/**
 * What git prints; `undefined` when it refuses. Started without a shell, with the name as it is and without the repository's own helper,
 * so that neither a file's name nor its folder's settings are ever a command.
 */
async function git(file: string, args: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run('git', ['--literal-pathspecs', '--no-optional-locks', '-c', 'core.fsmonitor=false', ...args], { cwd: dirname(file), timeout: DEADLINE_MS, maxBuffer: 64 * 1024 })
    return stdout.trim()
  } catch {
    return undefined
  }
}
