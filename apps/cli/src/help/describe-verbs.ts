import type { Command } from 'commander'
import { VERB_HELP } from './examples.js'

/** Puts each verb under its heading and its examples below its help. */
export function describeVerbs(program: Command): void {
  for (const verb of program.commands) {
    const help = VERB_HELP[verb.name()]
    if (help === undefined) continue
    verb.helpGroup(help.group)
    showExamples(verb, help.examples)
    for (const child of verb.commands) showExamples(child, examplesOf(child, help.examples))
  }
}

function examplesOf(child: Command, examples: readonly string[]): string[] {
  const words = `hms-svc ${child.parent?.name()} ${child.name()}`
  return examples.filter((example) => example === words || example.startsWith(`${words} `))
}

function showExamples(command: Command, examples: readonly string[]): void {
  if (examples.length > 0) command.addHelpText('after', ['', 'Examples:', ...examples.map((example) => `  ${example}`)].join('\n'))
}
