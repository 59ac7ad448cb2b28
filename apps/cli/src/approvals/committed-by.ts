import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { inheritedEnvironment } from '../cli.config.js'
import { readGivenFile } from '../files.js'
import { findCommit, type Commit } from './find-commit.js'

const DEADLINE_MS = 2_000
const run = promisify(execFile)

/**
 * Returns the author of a file by git: the author of its last commit, or, if it was changed since or never committed, the name in the
 * caller's own settings. `undefined` outside of a repository, without git, and if git takes longer than two seconds.
 *
 * A repository's settings can name programs for nearly everything git does, so git never sees them: it works in a folder made for this
 * call, with settings of ours, and uses only the repository's objects. ADR 0037.
 */
export async function committerOf(file: string): Promise<string | undefined> {
  const commit = await findCommit(file)
  if (commit === undefined) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'hms-git-'))
  try {
    await prepareFolder(folder, commit)
    const committed = (await isCommitted(file, folder, commit))
      ? await git(folder, commit, ['log', '-1', '--format=%an', commit.id, '--', commit.path])
      : undefined
    return committed || (await ownName(folder)) || undefined
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Creates the minimum that git accepts as a repository; none of it comes from elsewhere. */
async function prepareFolder(folder: string, { id }: Commit): Promise<void> {
  const format =
    id.length === 64 ? '\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n' : '\trepositoryformatversion = 0\n'
  await mkdir(join(folder, 'objects'))
  await mkdir(join(folder, 'refs'))
  await writeFile(join(folder, 'HEAD'), 'ref: refs/heads/none\n')
  await writeFile(join(folder, 'config'), `[core]\n\tbare = true\n${format}`)
}

/** Compares the file's own bytes: a filter that would change them first is a program of the repository. */
async function isCommitted(file: string, folder: string, commit: Commit): Promise<boolean> {
  const blob = await git(folder, commit, ['rev-parse', '--verify', '--quiet', `${commit.id}:${commit.path}`])
  if (blob === undefined) return false
  const bytes = await readGivenFile(file)
  return (
    createHash(commit.id.length === 64 ? 'sha256' : 'sha1')
      .update(`blob ${bytes.length}\0`)
      .update(bytes)
      .digest('hex') === blob
  )
}

/** Reads the name from the settings of the caller, not of the repository. */
function ownName(folder: string): Promise<string | undefined> {
  const { HOME, XDG_CONFIG_HOME, GIT_CONFIG_GLOBAL } = inheritedEnvironment()
  return started(folder, ['config', '--global', '--no-includes', 'user.name'], { HOME, XDG_CONFIG_HOME, GIT_CONFIG_GLOBAL })
}

function git(folder: string, { objects }: Commit, args: string[]): Promise<string | undefined> {
  return started(folder, ['--literal-pathspecs', '--no-pager', ...args], { GIT_OBJECT_DIRECTORY: objects, GIT_CONFIG_GLOBAL: '/dev/null' })
}

/** Returns git's output, without a shell; `undefined` if it fails. No transport is allowed, so a missing object is never fetched. */
async function started(folder: string, args: string[], more: Record<string, string | undefined>): Promise<string | undefined> {
  const { PATH } = inheritedEnvironment()
  const closed = {
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_TERMINAL_PROMPT: '0',
  }
  try {
    const { stdout } = await run('git', args, {
      cwd: folder,
      env: { PATH, GIT_DIR: folder, ...closed, ...more },
      timeout: DEADLINE_MS,
      maxBuffer: 64 * 1024,
    })
    return stdout.trim()
  } catch {
    return undefined
  }
}
