import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
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
    await writeFile(join(folder, 'candidates'), candidates)
    await writeFile(join(folder, 'line'), line)
    await writeFile(join(folder, 'bin', 'hms-svc'), `#!/bin/sh\nprintf '%s' "$2" > "${folder}/asked"\ncat "${folder}/candidates"\n`)
    await chmod(join(folder, 'bin', 'hms-svc'), 0o755)
    await writeFile(join(folder, 'script.bash'), SCRIPTS.bash)
    const words = line.split(/([@:=]|\s+)/).filter((word) => word.trim() !== '')
    const current = /\s$/.test(line) ? [...words, ''] : words
    const asBash = current.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
    const given = `COMP_LINE="$(cat ${folder}/line; echo .)"; COMP_LINE="\${COMP_LINE%.}"; COMP_POINT=${line.length}; COMP_WORDS=(${asBash}); COMP_CWORD=${current.length - 1}`
    const ask = `source ${folder}/script.bash; ${given}; _hms_svc; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr } = spawnSync('bash', ['--norc', '--noprofile', '-c', ask], {
      encoding: 'utf8',
      env: { PATH: `${folder}/bin:/usr/bin:/bin` },
    })
    expect(stderr).toBe('')
    return stdout.split('\n').filter((said) => said !== '')
  }

  it('offers candidates without what they mean', async () => {
    expect(await offered('hms-svc ap', 'approve\tsign\napprovals\twaits\n')).toEqual(['approve', 'approvals'])
  })

  it('takes off what stands before an @, where bash breaks the word', async () => {
    expect(await offered('hms-svc rollback epa-pm25-limit@1', 'epa-pm25-limit@1.5.0\n')).toEqual(['1.5.0'])
  })

  it('quotes names with a space', async () => {
    expect(await offered('hms-svc approve x --sign ', 'EPA Chief\n')).toEqual(['EPA\\ Chief'])
    for (const line of [`hms-svc approve x --sign "EPA`, `hms-svc approve x --sign 'EPA`, `hms-svc approve x --author 'a"' --sign "EPA`])
      expect(await offered(line, 'EPA Chief\n')).toEqual(['EPA Chief'])
  })

  it.each([
    ['double quotes', 'hms-svc runs show "', '"'],
    ['single quotes', "hms-svc runs show '", "'"],
    ['a quote in the middle of a word', 'hms-svc runs show x"', '"'],
    ['a quote behind others', `hms-svc runs show 'a"' "b'" \\" '`, "'"],
    ['no quote', 'hms-svc runs show ', ''],
  ])('writes what a server says so that it stays one word, behind %s', { timeout: 60_000 }, async (_what, line, quote) => {
    const texts = [
      '$(touch gone)',
      '`touch gone`',
      '";touch gone;"',
      "';touch gone;'",
      `"'"';touch gone;'"'"`,
      '\\";touch gone;\\"',
      "\\';touch gone;\\'",
      'a\\',
      'a!b!!',
      '~ * ? [a] {b,c} $HOME ${HOME} # & | < > ( )',
      'Bureau de l’air, “NCR” é',
    ]
    const found = await offered(line, texts.map((text) => `${text}\n`).join(''))
    expect(found).toHaveLength(texts.length)
    for (const [at, insert] of found.entries()) {
      const typed = `${line}${insert}${quote}`.replace('hms-svc', `printf '%s\\n'`)
      const { stdout, stderr } = spawnSync('bash', ['--norc', '--noprofile', '-c', typed], {
        encoding: 'utf8',
        cwd: folder,
        env: { PATH: '/usr/bin:/bin' },
      })
      expect([stderr, stdout.split('\n').at(-2)], typed).toEqual(['', (line.endsWith('x"') ? 'x' : '') + texts[at]!])
    }
    expect(await readdir(folder)).not.toContain('gone')
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
