import { spawnSync } from 'node:child_process'
import { mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { inheritedEnvironment } from '../cli.config.js'
import { readGivenFile, readGivenText } from '../files.js'

const DEADLINE_MS = 2_000
/** Environment that restricts git to the files in its folder. Git never fetches a missing object. */
const CLOSED = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_NO_LAZY_FETCH: '1',
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_TERMINAL_PROMPT: '0',
}
/** Repository settings for SHA-1 and for SHA-256 object ids. */
const FORMATS = ['\trepositoryformatversion = 0\n', '\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n']

/**
 * Returns the author of a file's last commit or, if it changed since or was never committed, the caller's global `user.name`; `undefined`
 * outside of a repository, without git, or after two seconds. Git never reads the repository's settings, which can name programs: ADR 0037.
 */
export async function committerOf(file: string): Promise<string | undefined> {
  const repository = await findRepository(file)
  if (repository === undefined) return undefined
  const { path, head, common } = repository
  const folder = await mkdtemp(join(tmpdir(), 'hms-git-'))
  const { PATH, HOME, XDG_CONFIG_HOME, GIT_CONFIG_GLOBAL } = inheritedEnvironment()
  const until = performance.now() + DEADLINE_MS
  const git = (args: string[], more: Record<string, string | undefined>, input?: Buffer): string => {
    const env = { PATH, GIT_DIR: folder, ...CLOSED, ...more } // guard: git-isolated
    const timeout = Math.max(1, Math.round(until - performance.now()))
    const { status, stdout, error } = spawnSync('git', args, { cwd: folder, env, input, timeout, encoding: 'utf8' })
    if (error !== undefined) throw new NoAnswer()
    return status === 0 ? stdout.trim() : ''
  }
  const read = (args: string[], input?: Buffer): string =>
    git(
      ['--literal-pathspecs', '--no-pager', ...args],
      { GIT_OBJECT_DIRECTORY: join(common, 'objects'), GIT_CONFIG_GLOBAL: '/dev/null' },
      input,
    )
  try {
    await writeFile(join(folder, 'HEAD'), `${head}\n`)
    for (const name of ['refs', 'packed-refs']) await symlink(join(common, name), join(folder, name))
    for (const format of FORMATS) {
      await writeFile(join(folder, 'config'), `[core]\n\tbare = true\n${format}`)
      const id = read(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'])
      if (id === '') continue
      // Hashes the file unfiltered, because a clean filter would be a program named by the repository.
      const blob = read(['rev-parse', '--verify', '--quiet', `${id}:${path}`])
      const isCommitted = blob !== '' && blob === read(['hash-object', '--stdin'], await readGivenFile(file))
      // Empty if a commit is missing, as in a shallow clone: then the author is unknown, and not the caller.
      if (isCommitted) return read(['log', '-1', '--format=%an', id, '--', path]) || undefined
      const own = { HOME, XDG_CONFIG_HOME, GIT_CONFIG_GLOBAL }
      return git(['config', '--global', '--no-includes', 'user.name'], own) || undefined
    }
    return undefined
  } catch (error) {
    if (error instanceof NoAnswer) return undefined
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Error for git that is missing or too slow: whether the file was ever committed is then unknown. */
class NoAnswer extends Error {}

/** Finds the repository of a file, and its path from the root, with slashes. `head`: first line of HEAD. `common`: refs and objects. */
async function findRepository(file: string): Promise<{ path: string; head: string; common: string } | undefined> {
  // Resolves links in the folder only: git commits a symbolic link itself, in the repository of its own folder.
  const folder = await realpath(dirname(resolve(file))).catch(() => undefined)
  for (let root = folder; root !== undefined; root = root === dirname(root) ? undefined : dirname(root)) {
    const place = join(root, '.git')
    // In a linked work tree, `.git` is a file that names the folder.
    const gitDir = resolve(root, /^gitdir: (.+)$/.exec((await lineOf(place)) ?? '')?.[1] ?? place)
    const head = await lineOf(join(gitDir, 'HEAD'))
    if (head === undefined) continue
    const path = relative(root, join(folder!, basename(file)))
    return { path: path.split(sep).join('/'), head, common: resolve(gitDir, (await lineOf(join(gitDir, 'commondir'))) ?? '.') }
  }
  return undefined
}

/** Returns the first line of a file, without its line end; `undefined` if the file cannot be read. */
async function lineOf(file: string): Promise<string | undefined> {
  return (await readGivenText(file, 4096).catch(() => undefined))?.split('\n')[0]?.trimEnd()
}
