import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { committerOf } from './committed-by.js'

let folder: string
let home: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-git-'))
  home = mkdtempSync(join(tmpdir(), 'hms-home-'))
  writeFileSync(join(home, '.gitconfig'), '[user]\n\tname = EPA Counsel\n')
  vi.stubEnv('HOME', home)
  vi.stubEnv('XDG_CONFIG_HOME', undefined)
  vi.stubEnv('GIT_CONFIG_GLOBAL', undefined)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
  await rm(folder, { recursive: true })
})

function git(cwd: string, ...args: string[]): void {
  execFileSync('git', ['-c', 'user.email=committer@example.org', ...args], { cwd, stdio: 'ignore' })
}

describe('committerOf', () => {
  it("returns the author of the last commit, or the caller's global user.name if the file has changed since", async () => {
    const file = join(folder, 'pm25.yaml')
    await writeFile(file, 'limit: 35\n')
    expect(await committerOf(file)).toBeUndefined()
    git(folder, 'init')
    git(folder, 'config', 'user.name', 'Name from untrusted repository config')
    expect(await committerOf(file)).toBeUndefined()
    git(folder, 'add', 'pm25.yaml')
    git(folder, 'commit', '--no-gpg-sign', '-m', 'first', '--author', 'Air Office <air@example.org>')
    expect(await committerOf(file)).toBe('Air Office')
    git(folder, 'pack-refs', '--all')
    git(folder, 'gc')
    expect(await committerOf(file)).toBe('Air Office')
    git(folder, 'worktree', 'add', join(folder, 'second'))
    expect(await committerOf(join(folder, 'second', 'pm25.yaml'))).toBe('Air Office')
    git(folder, 'checkout', '--detach')
    expect(await committerOf(file)).toBe('Air Office')
    await writeFile(file, 'limit: 25\n')
    expect(await committerOf(file)).toBe('EPA Counsel')
  })

  it('works in a SHA-256 repository', async () => {
    const repository = mkdtempSync(join(folder, 'sha256-'))
    git(repository, 'init', '--object-format=sha256')
    await writeFile(join(repository, 'a.yaml'), 'limit: 35\n')
    git(repository, 'add', '.')
    git(repository, 'commit', '--no-gpg-sign', '-m', 'first', '--author', 'Air Office <air@example.org>')
    expect(await committerOf(join(repository, 'a.yaml'))).toBe('Air Office')
  })

  it('returns undefined, and not the caller, for an unchanged file whose commit is missing', async () => {
    const repository = mkdtempSync(join(folder, 'whole-'))
    git(repository, 'init')
    for (const name of ['a.yaml', 'b.yaml']) {
      await writeFile(join(repository, name), 'limit: 35\n')
      git(repository, 'add', '.')
      git(repository, 'commit', '--no-gpg-sign', '-m', name, '--author', 'Air Office <air@example.org>')
    }
    git(folder, 'clone', '--depth', '1', `file://${repository}`, 'shallow')
    expect(await committerOf(join(folder, 'shallow', 'a.yaml'))).toBeUndefined()
    await writeFile(join(folder, 'shallow', 'a.yaml'), 'limit: 25\n')
    expect(await committerOf(join(folder, 'shallow', 'a.yaml'))).toBe('EPA Counsel')
  })

  it('returns undefined, and not the caller, if git takes too long on an unchanged file', async () => {
    const repository = mkdtempSync(join(folder, 'slow-'))
    const programs = mkdtempSync(join(folder, 'programs-'))
    git(repository, 'init')
    await writeFile(join(repository, 'a.yaml'), 'limit: 35\n')
    git(repository, 'add', '.')
    git(repository, 'commit', '--no-gpg-sign', '-m', 'first', '--author', 'Air Office <air@example.org>')
    const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
    writeFileSync(join(programs, 'git'), `#!/bin/sh\ncase "$*" in *hash-object*) exec sleep 30;; esac\nexec ${real} "$@"\n`)
    chmodSync(join(programs, 'git'), 0o755)
    vi.stubEnv('PATH', `${programs}:${process.env['PATH']}`)
    expect(await committerOf(join(repository, 'a.yaml'))).toBeUndefined()
  })

  it('returns undefined for a file in a missing folder, and never interprets a file name as a command', async () => {
    expect(await committerOf(join(folder, 'none', 'pm25.yaml'))).toBeUndefined()
    expect(await committerOf(join(folder, '$(touch pwned)'))).toBe('EPA Counsel')
    expect(await committerOf(join(folder, '--output=pwned'))).toBe('EPA Counsel')
  })
})
