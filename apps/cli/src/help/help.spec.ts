import type { Command } from 'commander'
import { beforeEach, describe, expect, it } from 'vitest'
import { splitLine } from '../completion/complete.js'
import { defineProgram, VERBS } from '../program.js'
import { ioForTest, runForTest } from '../testing/run-cli.js'
import { examplesOf } from '../verbs/verb.js'

/** Verbs that start a server, create something here, follow forever, or need an installed program. */
const OTHERS = [
  ['dev', 'demo', 'serve', 'sidecar', 'migrate', 'recover', 'keys create', 'topics apply', 'topics diff', 'topics republish'],
  ['export --out', 'export --follow', 'watch epa-pm25-limit --exec'],
].flat()
const ALL_EXAMPLES = VERBS.flatMap((verb) => examplesOf(verb))
const EXAMPLES = ALL_EXAMPLES.filter((example) => !OTHERS.some((verb) => example.startsWith(`hms-svc ${verb}`)))

let program: Command
beforeEach(() => {
  program = defineProgram(ioForTest())
})

/** Returns every executable verb, by its words. */
function leaves(command: Command, words: string[] = []): { words: string[]; command: Command }[] {
  if (command.commands.length === 0) return command.name().startsWith('__') ? [] : [{ words, command }]
  return command.commands.flatMap((child) => leaves(child, [...words, child.name()]))
}

describe('the help of every verb', () => {
  it('shows an example of the verb', async () => {
    const without: string[] = []
    for (const { words } of leaves(program)) {
      const { code, stdout } = await runForTest([...words, '--help'])
      expect(code, words.join(' ')).toBe(0)
      if (!stdout.includes(`Examples:\n  hms-svc ${words.join(' ')}`)) without.push(words.join(' '))
    }
    expect(without).toEqual([])
  })

  it('shows only examples that the parser accepts', async () => {
    for (const example of ALL_EXAMPLES) {
      const reached: string[] = []
      for (const { words, command } of leaves(program)) command.action(() => void reached.push(words.join(' ')))
      const { words, current } = splitLine(example.replace(/ >>? .*$/, ''))
      await expect(program.parseAsync([...words, current].slice(1), { from: 'user' }), example).resolves.toBeDefined()
      expect(reached.length, example).toBe(1)
    }
  })

  it.each(EXAMPLES)('%s is an example that the verb accepts', async (example) => {
    // Examples shorten the digest; the verb requires a whole one.
    const typed = example.replaceAll('sha256:9f2c…', `sha256:${'9f2c'.repeat(16)}`)
    const { words, current } = splitLine(typed.replace(/ >>? .*$/, ''))
    const env = { HMS_URL: 'http://127.0.0.1:9', HMS_KEYS_DIR: '/nonexistent' }
    expect((await runForTest(['--timeout', '1s', ...words.slice(1), current], { env })).stderr).not.toContain('[HMS_CLI_USAGE]')
  })

  it('puts every verb under a heading', async () => {
    const { stdout } = await runForTest(['--help'])
    expect(stdout.match(/^[A-Z]\w+:$/gm)).toEqual(['Options:', 'Decide:', 'Watch:', 'Undo:', 'Check:', 'Build:', 'Operate:'])
    const without = program.commands.filter((verb) => !verb.helpGroup()).map((verb) => verb.name())
    expect(without).toEqual(['__complete'])
  })
})
