import { isDeepStrictEqual } from 'node:util'
import type { Decision } from '../stage/decision.js'

/** The answer of a decider to one input in one state. */
export interface Transition {
  /** The state, and behind a comma what matters of it: `observing, clock stopped`. */
  given: string
  state: string
  input: string
  next: string
  /** `issueHeads`, or the type of an event without its affixes, with its reason: `canary.paused NO_EVIDENCE`. */
  effects: string[]
  /** Whether the input did anything: another state, or the same with other data, or an effect. */
  changes: boolean
}

/** Every state with every input: the whole behaviour of a decider, as far as the samples reach. */
export function transitionsOf<State extends { state: string }, Input, Effect extends { do: string }>(
  states: Readonly<Record<string, State>>,
  inputs: Readonly<Record<string, Input>>,
  decide: (state: State, input: Input) => Decision<State, Effect>,
): Transition[] {
  return Object.entries(states).flatMap(([given, before]) =>
    Object.entries(inputs).map(([input, when]) => {
      const { state: then, effects } = decide(before, when)
      const changes = effects.length > 0 || !isDeepStrictEqual(then, before)
      return { given, state: before.state, input, next: then.state, effects: effects.map(nameOf), changes }
    }),
  )
}

/**
 * States and types of inputs that no sample has. Those that there are stand in a record of each, so that the compiler asks for what is new:
 * a test that multiplies samples by samples would not.
 */
export function unsampled(
  all: { states: Readonly<Record<string, true>>; inputs: Readonly<Record<string, true>> },
  states: Readonly<Record<string, { state: string }>>,
  inputs: Readonly<Record<string, { type: string }>>,
): string[] {
  const seen = new Set([...Object.values(states).map(({ state }) => state), ...Object.values(inputs).map(({ type }) => type)])
  return [...Object.keys(all.states), ...Object.keys(all.inputs)].filter((name) => !seen.has(name))
}

/** The Mermaid state diagram of these transitions, and a table of all that do something. `ends`: states that nothing leaves. */
export function describeStage(title: string, transitions: readonly Transition[], ends: readonly string[]): string {
  const rows = transitions
    .filter((one) => isTold(one, transitions))
    .map(
      ({ given, input, next, effects, changes }) =>
        `| ${given} | ${input} | ${next} | ${effects.join(', ') || (changes ? '–' : 'nothing')} |`,
    )
  return [
    `# ${title}`,
    '',
    'Written from the decider by `npm run diagrams`; a test holds it against the code. An input that is not listed for a state changes ' +
      'nothing there. What stands behind a comma is listed where it makes a difference. `–`: the stage notes what it was told, and does ' +
      'nothing yet.',
    '',
    '```mermaid',
    'stateDiagram-v2',
    '  [*] --> new',
    ...arrowsOf(transitions),
    ...ends.map((end) => `  ${end} --> [*]`),
    '```',
    '',
    '| state | input | next state | effects |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

/** Inputs that do something; of a state with more behind a comma those that do something else than without it. */
function isTold({ given, state, input, ...then }: Transition, all: readonly Transition[]): boolean {
  const plain = given === state ? undefined : all.find((other) => other.given === state && other.input === input)
  return plain === undefined ? then.changes : !isDeepStrictEqual(then, { next: plain.next, effects: plain.effects, changes: plain.changes })
}

/** One for each pair of states. What an input does only in some of a state has that in brackets. */
function arrowsOf(transitions: readonly Transition[]): string[] {
  const moves = new Map<string, Set<string>>()
  const moved = transitions.filter(({ state, next }) => state !== next)
  for (const { given, state, input, next } of moved.toSorted((a, b) => Number(a.given !== a.state) - Number(b.given !== b.state))) {
    const arrow = `  ${state} --> ${next}`
    const inputs = moves.get(arrow) ?? new Set()
    if (!inputs.has(input)) inputs.add(given === state ? input : `${input} (${given.slice(state.length + 2)})`)
    moves.set(arrow, inputs)
  }
  return [...moves].map(([arrow, inputs]) => `${arrow}: ${[...inputs].join(' · ')}`)
}

function nameOf(effect: { do: string; type?: string; timer?: string; outcome?: string; reason?: string; data?: object }): string {
  const reason = effect.reason ?? (effect.data as { reason?: unknown } | undefined)?.reason
  const why = typeof reason === 'string' && /^[A-Z_]+$/.test(reason) ? ` ${reason}` : ''
  if (effect.do === 'emit') return effect.type!.replace(/^hms\.|\.v1$/g, '') + why
  const what = effect.timer ?? effect.outcome
  return (what === undefined ? effect.do : `${effect.do} ${what}`) + why
}
