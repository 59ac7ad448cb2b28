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

/** The page of a stage: its diagram (`drawStage`) and a table of all transitions that do something. */
export function describeStage(title: string, transitions: readonly Transition[]): string {
  const rows = transitions
    .filter((one) => isListed(one, transitions))
    .map(
      ({ given, input, next, effects, changes }) =>
        `| ${given} | ${input} | ${next} | ${effects.join(', ') || (changes ? '–' : 'nothing')} |`,
    )
  return [
    `# ${title}`,
    '',
    '`npm run diagrams` writes this page and its picture from the decider; a test compares them with the code. An input that is not ' +
      'listed for a state changes nothing there. The part of a state after a comma is listed where it makes a difference. `–`: the ' +
      'stage records the input, without an effect.',
    '',
    `![State diagram of the stage ${title.toLowerCase()}; the table below lists the same transitions](${title.toLowerCase()}.svg)`,
    '',
    '| state | input | next state | effects |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

/** Inputs that do something; of a state with more behind a comma those that do something else than without it. */
function isListed({ given, state, input, ...then }: Transition, all: readonly Transition[]): boolean {
  const plain = given === state ? undefined : all.find((other) => other.given === state && other.input === input)
  return plain === undefined ? then.changes : !isDeepStrictEqual(then, { next: plain.next, effects: plain.effects, changes: plain.changes })
}

/** All inputs that lead from one state to another. */
export interface Move {
  from: string
  to: string
  inputs: string[]
}

/** One move for each pair of states. An input that works in a part of a state only has that part in brackets. */
export function movesOf(transitions: readonly Transition[]): Move[] {
  const moves = new Map<string, Move>()
  const moved = transitions.filter(({ state, next }) => state !== next)
  for (const { given, state, input, next } of moved.toSorted((a, b) => Number(a.given !== a.state) - Number(b.given !== b.state))) {
    const move = moves.get(`${state} ${next}`) ?? { from: state, to: next, inputs: [] }
    if (!move.inputs.includes(input)) move.inputs.push(given === state ? input : `${input} (${given.slice(state.length + 2)})`)
    moves.set(`${state} ${next}`, move)
  }
  return [...moves.values()]
}

function nameOf(effect: { do: string; type?: string; timer?: string; outcome?: string; reason?: string; data?: object }): string {
  const reason = effect.reason ?? (effect.data as { reason?: unknown } | undefined)?.reason
  const why = typeof reason === 'string' && /^[A-Z_]+$/.test(reason) ? ` ${reason}` : ''
  if (effect.do === 'emit') return effect.type!.replace(/^hms\.|\.v1$/g, '') + why
  const what = effect.timer ?? effect.outcome
  return (what === undefined ? effect.do : `${effect.do} ${what}`) + why
}
