import type { Command, Option } from 'commander'
import { EXIT, printable, TOPIC_NAMES } from '#libs/contracts'
import type { CliContext } from '../context.js'
import type { Completion } from '../verbs/options.js'
import { completionOf } from '../verbs/verb.js'
import type { Candidate, Kind } from './live.js'

/** Prints completions of `line`, up to the cursor, as `candidate TAB description`. Exit 1: the shell completes files. Prints no error. */
export async function completeLine(context: CliContext, line: string): Promise<number> {
  const { words: typed, current } = splitLine(line)
  const completions = completionsAt(context.program(), { words: typed.slice(1), current })
  if ('files' in completions) return EXIT.internal
  const matching = (await candidatesOf(completions, context)).filter(({ text }) => text.startsWith(current))
  for (const { text, about } of matching)
    context.io.stdout.write(about === undefined ? `${oneLine(text)}\n` : `${oneLine(text)}\t${oneLine(about)}\n`)
  return EXIT.done
}

async function candidatesOf(completions: Exclude<Completions, { files: true }>, context: CliContext): Promise<Candidate[]> {
  if ('texts' in completions) return completions.texts
  try {
    const { fetchCandidates } = await import('./live.js')
    return await fetchCandidates(completions.live, context)
  } catch {
    return []
  }
}

/** Reduces names and reasons, which other people wrote, to one line of printable text. */
function oneLine(text: string): string {
  return printable(text.replaceAll(/\s+/g, ' '))
}

/** Completions at the cursor: static candidates, or a kind of resource whose names are fetched from the services or the key folder. */
type Completions =
  | { texts: Candidate[] }
  | { live: Kind }
  /** File names, which the shell completes itself. */
  | { files: true }

const NOTHING: Completions = { texts: [] }

/** Finds the command that the words after `hms-svc` name in `program`, and returns the completions at the cursor. */
function completionsAt(program: Command, { words, current }: SplitLine): Completions {
  let command = program
  const args: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    const option = optionOf(command, word)
    if (option !== undefined) {
      if ((option.required || option.optional) && !word.includes('=')) {
        if (at === words.length - 1) return valueOf(option)
        at++
      }
    } else {
      const verb = args.length === 0 ? command.commands.find((child) => child.name() === word) : undefined
      if (verb === undefined) args.push(word)
      else command = verb
    }
  }
  if (current.startsWith('-')) return { texts: optionsOf(command) }
  if (command.commands.length > 0 && args.length === 0) return { texts: verbsOf(command) }
  return argumentOf(command, args.length)
}

function optionOf(command: Command, word: string): Option | undefined {
  if (!word.startsWith('-')) return undefined
  const flag = word.split('=')[0]
  return allOptions(command).find(({ long, short }) => long === flag || short === flag)
}

function allOptions(command: Command): Option[] {
  return command.parent === null ? [...command.options] : [...command.options, ...allOptions(command.parent)]
}

function optionsOf(command: Command): Candidate[] {
  const declared = allOptions(command).map(({ long, description }) => ({ text: long ?? '', about: description }))
  return [...declared, { text: '--help', about: 'what it does, with examples' }].filter(({ text }) => text !== '')
}

function verbsOf(command: Command): Candidate[] {
  const shown = command.createHelp().visibleCommands(command)
  return shown
    .filter((verb) => verb.name() !== 'help' || command.parent === null)
    .map((verb) => ({ text: verb.name(), about: verb.description() }))
}

function valueOf(option: Option): Completions {
  if (option.argChoices !== undefined) return { texts: option.argChoices.map((text) => ({ text })) }
  return /<(file|folder|path)>/.test(option.flags) ? { files: true } : namesFor(completionOf(option))
}

const FILES = /^(file|files|bundle|digest-or-file)$/

function argumentOf(command: Command, at: number): Completions {
  const declared = command.registeredArguments
  const argument = declared[at] ?? declared.findLast(({ variadic }) => variadic)
  if (argument === undefined) return NOTHING
  if (argument.argChoices !== undefined) return { texts: argument.argChoices.map((text) => ({ text })) }
  return FILES.test(argument.name()) ? { files: true } : namesFor(completionOf(command))
}

function namesFor(completion: Completion | undefined): Completions {
  if (completion === 'topic') return { texts: TOPIC_NAMES.map((text) => ({ text })) }
  return completion === undefined ? NOTHING : { live: completion }
}

/** Command line up to the cursor: its complete words, and the current one (empty after a space). */
interface SplitLine {
  words: string[]
  current: string
}

/** Splits a line into words. Quotes and backslashes work as in a shell, without expansion. An unclosed quote is in the current word. */
export function splitLine(line: string): SplitLine {
  const words: string[] = []
  let word: string | undefined
  let quote: string | undefined
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!
    if (quote !== undefined) {
      if (char === quote) quote = undefined
      else word += char === '\\' && quote === '"' && at + 1 < line.length ? line[++at]! : char
    } else if (char === '"' || char === "'") {
      quote = char
      word ??= ''
    } else if (char === ' ' || char === '\t' || char === '\n') {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word = (word ?? '') + (char === '\\' && at + 1 < line.length ? line[++at]! : char)
    }
  }
  return { words, current: word ?? '' }
}
