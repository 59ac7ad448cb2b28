import { isDeepStrictEqual } from 'node:util'
import type { Decision } from '../stage/decision.js'

/** Result of a decider for one input in one state. */
export interface Transition {
  /** Name of the sample: the state, with a relevant detail after a comma, such as `observing, clock stopped`. */
  given: string
  state: string
  input: string
  next: string
  /** Names of effects: `issueHeads`, or an event type without `hms.` and `.v1`, with its reason: `canary.paused NO_EVIDENCE`. */
  effects: string[]
  /** Whether the input changed the state or its data, or caused an effect. */
  changes: boolean
}

/** Applies every input to every state: the whole behaviour of a decider for these samples. */
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
 * Returns the states and input types that have no sample. `all` lists the existing ones as complete records, so that the compiler reports
 * states and inputs that are added to the decider later.
 */
export function unsampled(
  all: { states: Readonly<Record<string, true>>; inputs: Readonly<Record<string, true>> },
  states: Readonly<Record<string, { state: string }>>,
  inputs: Readonly<Record<string, { type: string }>>,
): string[] {
  const seen = new Set([...Object.values(states).map(({ state }) => state), ...Object.values(inputs).map(({ type }) => type)])
  return [...Object.keys(all.states), ...Object.keys(all.inputs)].filter((name) => !seen.has(name))
}

/** Renders the page of a stage: its diagram (`drawStage`) and a table of all effective transitions. */
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
    `The states of the stage ${title.toLowerCase()}, the events that reach it in each, and what it then publishes.`,
    '',
    'An input that is not listed for a state changes nothing there. The part of a state after a comma is listed where it makes a ' +
      'difference. `–`: the stage records the input, without an effect. `npm run diagrams` writes this page and its picture from the ' +
      'decider; a test compares them with the code.',
    '',
    `![State diagram of the stage ${title.toLowerCase()}; the table below lists the same transitions](${title.toLowerCase()}.svg)`,
    '',
    '| state | input | next state | effects |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

/** Whether a transition is listed: it changes something. For a state with a detail: its result differs from that of the plain state. */
function isListed({ given, state, input, ...then }: Transition, all: readonly Transition[]): boolean {
  const plain = given === state ? undefined : all.find((other) => other.given === state && other.input === input)
  return plain === undefined ? then.changes : !isDeepStrictEqual(then, { next: plain.next, effects: plain.effects, changes: plain.changes })
}

/** A pair of states, with all inputs that lead from one to the other. */
export interface Move {
  from: string
  to: string
  inputs: string[]
}

/** Returns one move per pair of states. An input that leads there only with a detail of the state has the detail in brackets. */
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
  const reasonText = typeof reason === 'string' && /^[A-Z_]+$/.test(reason) ? ` ${reason}` : ''
  if (effect.do === 'emit') return effect.type!.replace(/^hms\.|\.v1$/g, '') + reasonText
  const detail = effect.timer ?? effect.outcome
  return (detail === undefined ? effect.do : `${effect.do} ${detail}`) + reasonText
}
