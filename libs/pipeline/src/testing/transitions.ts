import type { Decision } from '../stage/decision.js'

/** What a decider did with one input in one state. `next` equals `state` and `effects` is empty where the input changes nothing. */
export interface Transition {
  state: string
  input: string
  next: string
  /** `issueHeads`, or the type of an event without its affixes: `rollout.promoted`. */
  effects: string[]
}

/** Every state with every input: the whole behaviour of a decider, as far as the samples reach. */
export function transitionsOf<State extends { state: string }, Input, Effect extends { do: string }>(
  states: Readonly<Record<string, State>>,
  inputs: Readonly<Record<string, Input>>,
  decide: (state: State, input: Input) => Decision<State, Effect>,
): Transition[] {
  return Object.entries(states).flatMap(([state, given]) =>
    Object.entries(inputs).map(([input, when]) => {
      const { state: then, effects } = decide(given, when)
      return { state, input, next: then.state, effects: effects.map(nameOf) }
    }),
  )
}

/** The Mermaid state diagram of these transitions, and a table of all of them. `ends`: states that nothing leaves. */
export function describeStage(title: string, transitions: readonly Transition[], ends: readonly string[]): string {
  const moves = new Map<string, string[]>()
  for (const { state, input, next } of transitions) {
    if (state === next) continue
    moves.set(`${state} --> ${next}`, [...(moves.get(`${state} --> ${next}`) ?? []), input])
  }
  const arrows = [...moves].map(([move, inputs]) => `  ${move}: ${[...new Set(inputs)].join(' · ')}`)
  const changing = transitions.filter(({ state, next, effects }) => state !== next || effects.length > 0)
  const rows = changing.map(({ state, input, next, effects }) => `| ${state} | ${input} | ${next} | ${effects.join(', ') || '–'} |`)
  return [
    `# ${title}`,
    '',
    'Written from the decider by `npm run diagrams`; a test holds it against the code. An input that is not listed for a ' +
      'state changes nothing there.',
    '',
    '```mermaid',
    'stateDiagram-v2',
    '  [*] --> new',
    ...arrows,
    ...ends.map((end) => `  ${end} --> [*]`),
    '```',
    '',
    '| state | input | next state | effects |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

function nameOf(effect: { do: string; type?: string; timer?: string; outcome?: string }): string {
  if (effect.do === 'emit') return effect.type!.replace(/^hms\.|\.v1$/g, '')
  const what = effect.timer ?? effect.outcome
  return what === undefined ? effect.do : `${effect.do} ${what}`
}
