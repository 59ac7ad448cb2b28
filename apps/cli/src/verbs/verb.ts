import { Option, type Command } from 'commander'
import type { CliContext } from '../context.js'
import type { Completion, FlagsOf, Options, OptionSpec } from './options.js'

/** Heading of a verb in `hms-svc --help`. */
export type HelpGroup = 'Decide' | 'Watch' | 'Undo' | 'Check' | 'Build' | 'Operate'

/** Declaration of a verb, from which parsing, help, completion and the reference are made. */
export interface Verb {
  /** Name and arguments, such as `show <number>`. */
  line: string
  about: string
  group?: HelpGroup
  /** Usage in the help, if the arguments do not describe it. */
  usage?: string
  /** Description and choices of the first argument. */
  argument?: { about: string; choices?: readonly string[] }
  options?: Options
  /** Arguments and options of each example, such as `184`; by default one example without any. */
  examples?: readonly string[]
  complete?: Completion
  hidden?: true
  /** Loads the code of the verb, so that `--help` and light verbs load none of the services. */
  run?: () => Promise<(context: CliContext, ...call: never[]) => Result>
  /** Verbs below this one, which then has no code of its own. */
  verbs?: readonly Verb[]
  /** Order of the verbs below in the examples, if it differs from the order in `verbs`. */
  exampleOrder?: readonly string[]
}

/** Exit code; 0 without one. */
type Result = Promise<number | void> | number | void

type ArgumentOf<A> = A extends `${string}...${']' | '>'}` ? string[] : A extends `<${string}` ? string : string | undefined
type ArgumentsOf<L> = L extends `${string} ${infer A} ${infer B}`
  ? [ArgumentOf<A>, ...ArgumentsOf<`${string} ${B}`>]
  : L extends `${string} ${infer A}`
    ? [ArgumentOf<A>]
    : []

type LeafSpec<L, O> = Omit<Verb, 'line' | 'about' | 'group' | 'options' | 'run' | 'verbs' | 'exampleOrder'> & {
  options?: O
  run: () => Promise<(context: CliContext, ...call: [...ArgumentsOf<L>, FlagsOf<O>]) => Result>
}

/** Declares a verb with code. The compiler checks that the code accepts the arguments and options of the verb. */
export function verb<const L extends string, const O extends Options = {}>(line: L, about: string, spec: LeafSpec<L, O>): Verb {
  return { line, about, ...spec, run: spec.run as unknown as Verb['run'] }
}

/** Declares a verb that has others below it. */
export function area(name: string, about: string, verbs: readonly Verb[], exampleOrder?: readonly string[]): Verb {
  return { line: name, about, verbs, exampleOrder }
}

export function under(group: HelpGroup, verbs: readonly Verb[]): Verb[] {
  return verbs.map((each) => ({ ...each, group }))
}

export function nameOf({ line }: Verb): string {
  return line.split(' ')[0]!
}

/** Returns complete command lines of a verb, and of those below it. */
export function examplesOf(verb: Verb, parents: readonly string[] = ['hms-svc']): string[] {
  const words = [...parents, nameOf(verb)]
  if (verb.hidden) return []
  if (verb.verbs === undefined) return (verb.examples ?? ['']).map((example) => [...words, example].join(' ').trimEnd())
  const { verbs, exampleOrder = verbs.map(nameOf) } = verb
  return exampleOrder.flatMap((name) =>
    examplesOf(
      verbs.find((each) => nameOf(each) === name)!,
      words,
    ),
  )
}

const COMPLETIONS = new WeakMap<Command | Option, Completion>()

export function completionOf(part: Command | Option): Completion | undefined {
  return COMPLETIONS.get(part)
}

export type Act = (run: NonNullable<Verb['run']>, call: unknown[]) => Promise<void>

export function defineVerb(parent: Command, verb: Verb, act: Act, parents: readonly string[] = ['hms-svc']): void {
  const { line, about, group, usage, argument, options = {}, complete, run, verbs = [], hidden = false } = verb
  const command = parent.command(line, { hidden }).description(about)
  if (group !== undefined) command.helpGroup(`${group}:`)
  if (usage !== undefined) command.usage(usage)
  if (complete !== undefined) COMPLETIONS.set(command, complete)
  const [first] = command.registeredArguments
  if (first !== undefined && argument !== undefined) {
    first.description = argument.about
    if (argument.choices !== undefined) first.choices(argument.choices)
  }
  for (const [flags, spec] of Object.entries(options)) command.addOption(optionOf(flags, typeof spec === 'string' ? { about: spec } : spec))
  for (const child of verbs) defineVerb(command, child, act, [...parents, nameOf(verb)])
  const examples = examplesOf(verb, parents)
  if (examples.length > 0) command.addHelpText('after', ['', 'Examples:', ...examples.map((example) => `  ${example}`)].join('\n'))
  // Commander passes arguments, options and the command.
  if (run !== undefined) command.action((...call: unknown[]) => act(run, call.slice(0, -1)))
}

function optionOf(flags: string, spec: OptionSpec): Option {
  const option = new Option(flags, spec.about)
  if (spec.needed) option.makeOptionMandatory()
  if (spec.choices !== undefined) option.choices(spec.choices)
  if (spec.conflicts !== undefined) option.conflicts([...spec.conflicts])
  if (spec.default !== undefined) option.default(spec.default)
  if (spec.parse !== undefined) option.argParser(spec.parse as (value: string, before: unknown) => unknown)
  if (spec.complete !== undefined) COMPLETIONS.set(option, spec.complete)
  return option
}
