import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { committerOf } from './committed-by.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-git-'))
})
afterAll(() => rm(folder, { recursive: true }))

function git(...args: string[]): void {
  execFileSync('git', ['-c', 'user.email=nobody@example.org', ...args], { cwd: folder, stdio: 'ignore' })
}

describe('who committed a file', () => {
  it('is the author of its last commit, and who is at work here once it was changed', async () => {
    const file = join(folder, 'pm25.yaml')
    await writeFile(file, 'limit: 35\n')
    expect(await committerOf(file)).toBeUndefined()
    git('init')
    git('config', 'user.name', 'EPA Counsel')
    expect(await committerOf(file)).toBe('EPA Counsel')
    git('add', 'pm25.yaml')
    git('commit', '--no-gpg-sign', '-m', 'first', '--author', 'Air Office <air@example.org>')
    expect(await committerOf(file)).toBe('Air Office')
    await writeFile(file, 'limit: 25\n')
    expect(await committerOf(file)).toBe('EPA Counsel')
  })

  it('is nobody for a file that git cannot read, and a name is never a command', async () => {
    expect(await committerOf(join(folder, 'none', 'pm25.yaml'))).toBeUndefined()
    expect(await committerOf(join(folder, '$(touch pwned)'))).toBe('EPA Counsel')
    expect(await committerOf(join(folder, '--output=pwned'))).toBe('EPA Counsel')
  })

  it('does not run what the folder’s own settings name', async () => {
    const marker = join(folder, 'ran')
    git('config', 'core.fsmonitor', `touch ${marker}; false`)
    await committerOf(join(folder, 'pm25.yaml'))
    await expect(import('node:fs/promises').then(({ stat }) => stat(marker))).rejects.toThrow('ENOENT')
  })
})
