import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SCRIPTS } from '../../apps/cli/src/completion/scripts.js'

/** What a server might say, so that a shell does something else with it than show it. */
const TEXTS = [
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

describe('the script for bash', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hms-completion-'))
    await mkdir(join(folder, 'bin'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  /** Returns what bash offers for a line, with a program of that name that prints `candidates`. */
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

  it('removes the text before an @, where bash breaks the word', async () => {
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
  ])('quotes a text of a server so that it stays one word, behind %s', { timeout: 60_000 }, async (_what, line, quote) => {
    const found = await offered(line, TEXTS.map((text) => `${text}\n`).join(''))
    expect(found).toHaveLength(TEXTS.length)
    for (const [at, insert] of found.entries()) {
      const typed = `${line}${insert}${quote}`.replace('hms-svc', `printf '%s\\n'`)
      const { stdout, stderr } = spawnSync('bash', ['--norc', '--noprofile', '-c', typed], {
        encoding: 'utf8',
        cwd: folder,
        env: { PATH: '/usr/bin:/bin' },
      })
      expect([stderr, stdout.split('\n').at(-2)], typed).toEqual(['', (line.endsWith('x"') ? 'x' : '') + TEXTS[at]!])
    }
    expect(await readdir(folder)).not.toContain('gone')
  })
})

const isThere = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0

describe.skipIf(!isThere('fish'))('the script for fish', () => {
  it.each([
    ['double quotes', 'hms-svc runs show "'],
    ['single quotes', "hms-svc runs show '"],
    ['no quote', 'hms-svc runs show '],
  ])('quotes a text of a server so that it stays one word, behind %s', { timeout: 60_000 }, async (_what, line) => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'script.fish'), SCRIPTS.fish)
      const run = (command: string, ...argv: string[]): string => {
        const env = { PATH: `${folder}/bin:/usr/bin:/bin`, HOME: folder }
        const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', command, ...argv], { encoding: 'utf8', cwd: folder, env })
        expect(stderr, command).toBe('')
        return stdout
      }
      for (const text of TEXTS) {
        await writeFile(join(folder, 'candidates'), `${text}\tsaid\n`)
        const [word] = run(`source ${folder}/script.fish; complete --escape -C $argv[1]`, line).split('\t')
        expect(run(`printf '%s' ${word!}`), text).toBe(text)
      }
      expect(await readdir(folder)).not.toContain('gone')
    })
  })
})

/** Types a line into a shell on a terminal of its own, completes it and runs it: the program stores its last argument. */
const TYPED = `
zmodload zsh/zpty
zpty z env PATH=$PATH HOME=$PWD TERM=dumb zsh -f -i
zpty -w z 'PS1= PS2= ; unset zle_bracketed_paste; autoload -U compinit; compinit -u -D; source ./script.zsh; bindkey "^I" complete-word
hms-svc() { if [[ $1 == __complete ]]; then cat candidates; else print -rn -- "$argv[-1]" >word.new; mv word.new word; fi }; print ready-$((1+1))'
zpty -r z out '*ready-2*'
for text in "\${(@f)"$(<texts)"}"; do
  print -r -- "$text"$'\tsaid' >candidates
  rm -f word
  zpty -w -n z "$1"$'\t\n'
  for at in {1..400}; do [[ -e word ]] && break; sleep 0.05; done
  print -r -- "$(<word)"
done
zpty -d z
`

describe.skipIf(!isThere('zsh'))('the script for zsh', () => {
  it.each([
    ['double quotes', 'hms-svc runs show "'],
    ['single quotes', "hms-svc runs show '"],
    ['no quote', 'hms-svc runs show '],
  ])('quotes a text of a server so that it stays one word, behind %s', { timeout: 120_000 }, async (_what, line) => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'script.zsh'), SCRIPTS.zsh)
      await writeFile(join(folder, 'typed.zsh'), TYPED)
      await writeFile(join(folder, 'texts'), TEXTS.join('\n'))
      const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' }
      const { stdout } = spawnSync('zsh', ['-f', 'typed.zsh', line], { encoding: 'utf8', cwd: folder, env })
      expect(stdout.split('\n').slice(0, -1)).toEqual(TEXTS)
      expect(await readdir(folder)).not.toContain('gone')
    })
  })
})

/** With a program `hms-svc` that prints the file `candidates`. */
async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hms-completion-'))
  try {
    await mkdir(join(folder, 'bin'))
    await writeFile(join(folder, 'bin', 'hms-svc'), `#!/bin/sh\ncat "${folder}/candidates"\n`)
    await chmod(join(folder, 'bin', 'hms-svc'), 0o755)
    await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe.each([
  ['bash', ['-n']],
  ['zsh', ['-n']],
  ['fish', ['--no-execute']],
] as const)('the script for %s', (shell, argv) => {
  it.skipIf(!isThere(shell))('is one that this shell can read', async () => {
    await inFolder(async (folder) => {
      // fish reads no script from a socket, which is what Node gives a child as its input.
      await writeFile(join(folder, 'script'), SCRIPTS[shell])
      const { status, stderr } = spawnSync(shell, [...argv, join(folder, 'script')], { encoding: 'utf8' })
      expect([status, stderr]).toEqual([0, ''])
    })
  })
})
