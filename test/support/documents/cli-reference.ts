import type { Command, Option } from 'commander'
import { defineProgram, VERBS } from '../../../apps/cli/src/program.js'
import { examplesOf, nameOf } from '../../../apps/cli/src/verbs/verb.js'
import { ioForTest } from '../../../apps/cli/src/testing/run-cli.js'

const HEAD = `# The command line

Every verb of \`hms-svc\`, as \`hms-svc VERB --help\` says it. \`npm run schemas\` writes this page from the program.

Each verb also takes these options, before or after its name:
`

/** The program as a page of Markdown. */
export function cliReference(): string {
  const program = defineProgram(ioForTest())
  const groups = [...new Set(VERBS.flatMap(({ group }) => group ?? []))]
  const parts = groups.map((group) => {
    const verbs = program.commands.filter((verb) => verb.helpGroup() === `${group}:`)
    return `## ${group}\n\n${verbs.map((verb) => verbText(verb)).join('\n')}`
  })
  return `${HEAD}\n${optionRows(program.options)}\n${parts.join('\n')}`
}

function verbText(verb: Command): string {
  const own = verb.commands.length === 0 ? usageText(verb, [verb.name()]) : ''
  const below = verb.commands.map(
    (child) => `#### ${verb.name()} ${child.name()}\n\n${sentence(child)}\n\n${usageText(child, [verb.name(), child.name()])}`,
  )
  const declared = VERBS.find((each) => nameOf(each) === verb.name())!
  const examples = examplesOf(declared)
    .map((line) => `$ ${line}`)
    .join('\n')
  const parts = [`### ${verb.name()}`, '', sentence(verb), '', `${own}\`\`\`console`, examples, '```', '', ...below]
  return parts.join('\n')
}

function sentence(verb: Command): string {
  const text = verb.description()
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function usageText(verb: Command, words: readonly string[]): string {
  const options = verb.options.length === 0 ? '' : `${optionRows(verb.options)}\n`
  return `\`hms-svc ${words.join(' ')} ${verb.usage()}\`\n\n${options}`
}

function optionRows(options: readonly Option[]): string {
  const rows = options.map((option) => {
    const choices = option.argChoices === undefined ? '' : `: ${option.argChoices.map((choice) => `\`${choice}\``).join(', ')}`
    return `| \`${cell(option.flags)}\` | ${cell(option.description)}${choices}${option.mandatory ? '; needed' : ''} |\n`
  })
  return `| option | meaning |\n|---|---|\n${rows.join('')}`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
