import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SCRIPTS } from '../../apps/cli/src/completion/scripts.js'

describe('the script for bash', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hms-completion-'))
    await mkdir(join(folder, 'bin'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  /** What bash would offer for a line, with a program of that name that answers as told. */
  const offered = async (line: string, candidates: string): Promise<string[]> => {
    await writeFile(join(folder, 'bin', 'hms-svc'), `#!/bin/sh\nprintf '%s' "$2" > "${folder}/asked"\nprintf '${candidates}'\n`)
    await chmod(join(folder, 'bin', 'hms-svc'), 0o755)
    await writeFile(join(folder, 'script.bash'), SCRIPTS.bash)
    const words = line.split(/([@:=]|\s+)/).filter((word) => word.trim() !== '')
    const current = /\s$/.test(line) ? [...words, ''] : words
    const asBash = current.map((word) => `'${word}'`).join(' ')
    const given = `COMP_LINE='${line}'; COMP_POINT=${line.length}; COMP_WORDS=(${asBash}); COMP_CWORD=${current.length - 1}`
    const ask = `source ${folder}/script.bash; ${given}; _hms_svc; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr } = spawnSync('bash', ['--norc', '--noprofile', '-c', ask], {
      encoding: 'utf8',
      env: { PATH: `${folder}/bin:/usr/bin:/bin` },
    })
    expect(stderr).toBe('')
    return stdout.split('\n').filter((said) => said !== '')
  }

  it('offers candidates without what they mean', async () => {
    expect(await offered('hms-svc ap', 'approve\\tsign\\napprovals\\twaits\\n')).toEqual(['approve', 'approvals'])
  })

  it('takes off what stands before an @, where bash breaks the word', async () => {
    expect(await offered('hms-svc rollback epa-pm25-limit@1', 'epa-pm25-limit@1.5.0\\n')).toEqual(['1.5.0'])
  })

  it('quotes names with a space', async () => {
    expect(await offered('hms-svc approve x --sign ', 'EPA Chief\\n')).toEqual(['EPA\\ Chief'])
  })
})

describe.each([
  ['bash', ['-n']],
  ['zsh', ['-n']],
  ['fish', ['--no-execute']],
] as const)('the script for %s', (shell, argv) => {
  const there = spawnSync(shell, ['--version']).status === 0
  it.skipIf(!there)('is one that this shell can read', () => {
    const { status, stderr } = spawnSync(shell, [...argv], { input: SCRIPTS[shell], encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
  })
})
