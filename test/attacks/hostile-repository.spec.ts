import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runForTest } from '../../apps/cli/src/testing/run-cli.js'

const POLICY = 'id: epa-pm25-limit\nversion: 2.0.0\neffective: 2024-09-01T00:00:00Z\nlimit: 25\n'

let root: string
let evil: string
let repository: string
const marks = (): string[] => readdirSync(join(root, 'marks'))

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'hms-hostile-'))
  evil = join(root, 'evil')
  writeFileSync(evil, `#!/bin/sh\necho "$0 $*" >>"${join(root, 'marks')}/$(basename "$0")-$$"\ncat 2>/dev/null\nexit 1\n`)
  chmodSync(evil, 0o755)
  const env = { HMS_KEYS_DIR: join(root, 'keys'), HMS_KEY_PASSPHRASE: 'correct horse' }
  expect((await runForTest(['keys', 'create', '--name', 'EPA Chief'], { env })).code).toBe(0)
})
afterAll(() => rmSync(root, { recursive: true }))

beforeEach(() => {
  rmSync(join(root, 'marks'), { recursive: true, force: true })
  mkdirSync(join(root, 'marks'))
  repository = mkdtempSync(join(root, 'repository-'))
  git('init', '-q')
  writeFileSync(join(repository, 'p.yaml'), POLICY)
  git('add', 'p.yaml')
  git('-c', 'user.name=Air Office', '-c', 'user.email=a@example.org', 'commit', '-qm', 'first')
})

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: repository, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
}

function set(...settings: [string, string][]): void {
  for (const [name, value] of settings) git('config', name, value)
}

/** A commit with the header of a signature: only such a one makes git call the program that checks it. */
function signCommit(): void {
  const raw = git('cat-file', 'commit', 'HEAD').replace(
    /\n(?=\n|$)/,
    '\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ\n -----END PGP SIGNATURE-----\n',
  )
  const id = execFileSync('git', ['hash-object', '-t', 'commit', '-w', '--stdin', '--literally'], {
    cwd: repository,
    input: `${raw}\n`,
    encoding: 'utf8',
  }).trim()
  git('update-ref', 'HEAD', id)
}

/** What each setting would run, and a plain call of git that shows that it does. */
const SETTINGS: [string, () => void, string[]][] = [
  ['filter.clean', () => filter('clean'), ['status', '--porcelain', '--', 'p.yaml']],
  ['filter.process', () => filter('process'), ['status', '--porcelain', '--', 'p.yaml']],
  ['core.fsmonitor', () => set(['core.fsmonitor', evil]), ['status', '--porcelain']],
  ['gpg.program', () => (signCommit(), set(['gpg.program', evil], ['log.showSignature', 'true'])), ['log', '-1', '--format=%an']],
  [
    'gpg.openpgp.program',
    () => (signCommit(), set(['gpg.openpgp.program', evil], ['log.showSignature', 'true'])),
    ['log', '-1', '--format=%an'],
  ],
  ['core.pager', () => set(['core.pager', evil], ['pager.log', 'true'], ['pager.status', 'true'], ['pager.config', 'true']), []],
  ['diff.external', () => (attribute('text', '# changed\n'), set(['diff.external', evil])), ['diff']],
  [
    'diff textconv',
    () => (attribute('diff=evil', '# changed\n'), set(['diff.evil.textconv', evil], ['diff.evil.command', evil])),
    ['diff'],
  ],
  ['hooks', hooks, ['checkout', '-q', '--', '.']],
  ['core.hooksPath', () => (hooks(join(repository, 'hooks')), set(['core.hooksPath', 'hooks'])), ['checkout', '-q', '--', '.']],
  ['alias', () => set(['alias.log', `!${evil}`], ['alias.status', `!${evil}`], ['alias.x', `!${evil}`]), ['x']],
  [
    'include.path',
    () => (writeFileSync(join(repository, 'more'), `[core]\n\tfsmonitor = ${evil}\n`), set(['include.path', '../more'])),
    ['status'],
  ],
  [
    'includeIf',
    () => (writeFileSync(join(repository, 'more'), `[core]\n\tfsmonitor = ${evil}\n`), set(['includeIf.gitdir:**.path', '../more'])),
    ['status'],
  ],
  ['core.sshCommand', () => promisor('ssh://host/x', ['core.sshCommand', evil]), ['fetch']],
  ['remote ext', () => promisor(`ext::${evil} x`, ['protocol.ext.allow', 'always'], ['protocol.allow', 'always']), ['fetch']],
  ['remote.uploadpack', () => promisor(root, ['remote.origin.uploadpack', evil]), ['fetch']],
  [
    'core.alternateRefsCommand',
    () => promisor(root, ['core.alternateRefsCommand', evil], ['core.gitProxy', evil], ['core.askPass', evil], ['credential.helper', evil]),
    [],
  ],
  ['safe.directory', () => set(['safe.directory', '*'], ['core.fsmonitor', evil]), ['status']],
  ['a submodule', submodule, ['-C', 'sub', 'status']],
  ['replace', () => set(['core.useReplaceRefs', 'true'], ['core.editor', evil], ['sequence.editor', evil]), []],
]

/** The same content with another time is what makes git look into a file. */
function attribute(text: string, more = ''): void {
  writeFileSync(join(repository, '.gitattributes'), `*.yaml ${text}\n`)
  writeFileSync(join(repository, 'p.yaml'), POLICY + more)
  utimesSync(join(repository, 'p.yaml'), 1, 1)
}

function filter(kind: string): void {
  set([`filter.evil.${kind}`, evil], ['filter.evil.required', 'false'])
  attribute('filter=evil')
}

function hooks(folder: unknown = join(repository, '.git', 'hooks')): void {
  mkdirSync(String(folder), { recursive: true })
  for (const name of ['post-checkout', 'pre-commit', 'post-index-change', 'fsmonitor-watchman', 'reference-transaction', 'pre-auto-gc']) {
    writeFileSync(join(String(folder), name), `#!/bin/sh\nexec ${evil} ${name}\n`)
    chmodSync(join(String(folder), name), 0o755)
  }
}

/** A partial clone fetches a missing object for any program that reads it. */
function promisor(url: string, ...settings: [string, string][]): void {
  const tree = git('rev-parse', 'HEAD^{tree}')
  set(
    ['remote.origin.url', url],
    ['remote.origin.promisor', 'true'],
    ['remote.origin.partialclonefilter', 'blob:none'],
    ['core.repositoryformatversion', '1'],
    ['extensions.partialClone', 'origin'],
    ...settings,
  )
  rmSync(join(repository, '.git', 'objects', tree.slice(0, 2), tree.slice(2)), { force: true })
}

function submodule(): void {
  const inner = join(repository, 'sub')
  mkdirSync(inner)
  execFileSync('git', ['init', '-q'], { cwd: inner })
  writeFileSync(join(inner, 'p.yaml'), POLICY)
  execFileSync('git', ['config', 'core.fsmonitor', evil], { cwd: inner })
  set(['submodule.sub.update', `!${evil}`], ['submodule.recurse', 'true'], ['status.submoduleSummary', 'true'])
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // It has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

describe('a repository that configures programs', () => {
  it.each(SETTINGS)('%s: no program runs when a file is approved, wherever its author comes from', async (_name, prepare, shows) => {
    prepare()
    if (shows.length > 0) {
      // Some of these wait for ever for what they started: they end with it, so that none of it leaves a mark later.
      const armed = spawn('git', shows, { cwd: repository, stdio: 'ignore', detached: true, env: { PATH: '/usr/bin:/bin', HOME: root } })
      const over = once(armed, 'close')
      try {
        await expect.poll(() => marks(), { timeout: 10_000 }).not.toEqual([])
      } finally {
        killGroup(armed.pid!)
      }
      await over
      rmSync(join(root, 'marks'), { recursive: true })
      mkdirSync(join(root, 'marks'))
    }
    const env = { HMS_KEYS_DIR: join(root, 'keys'), HMS_KEY_PASSPHRASE: 'correct horse', HMS_URL: 'http://127.0.0.1:9' }
    for (const file of ['p.yaml', 'sub/p.yaml'].map((name) => join(repository, name)).filter((name) => existsSync(name))) {
      for (const flags of [[], ['--author-from-git'], ['--author', 'EPA Counsel']]) {
        const { code } = await runForTest(['approve', file, '--sign', 'EPA Chief', ...flags], { env })
        expect([2, 11]).toContain(code)
      }
    }
    expect(marks()).toEqual([])
  })
})
