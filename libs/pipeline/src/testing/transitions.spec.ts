import { describe, expect, it } from 'vitest'
import { drawStage } from './stage-diagram.js'
import { describeStage, movesOf, transitionsOf, unsampled } from './transitions.js'

interface Lamp {
  state: 'off' | 'on' | 'broken'
  isDim?: true
  seen?: number
}
type Input = 'press' | 'look' | 'wait'

function decide(lamp: Lamp, input: Input): { state: Lamp; effects: { do: string; reason?: string }[] } {
  if (input === 'look' && lamp.state === 'on') return { state: { ...lamp, seen: 1 }, effects: [] }
  if (input !== 'press' || lamp.state === 'broken') return { state: lamp, effects: [] }
  if (lamp.isDim === true) return { state: { state: 'broken' }, effects: [{ do: 'fail', reason: 'OLD' }] }
  return { state: { state: lamp.state === 'on' ? 'off' : 'on' }, effects: [] }
}

const STATES: Record<string, Lamp> = {
  off: { state: 'off' },
  on: { state: 'on' },
  'on, dim': { state: 'on', isDim: true },
  broken: { state: 'broken' },
}
const transitions = transitionsOf(STATES, { press: 'press', look: 'look', wait: 'wait' }, decide)
const page = describeStage('Lamp', transitions)
const linesWith = (sign: string): string[] => page.split('\n').filter((line) => line.includes(sign))

describe('the page of a stage', () => {
  it('joins the inputs between two states, with the detail of a state in brackets', () => {
    expect(movesOf(transitions)).toEqual([
      { from: 'off', to: 'on', inputs: ['press'] },
      { from: 'on', to: 'off', inputs: ['press'] },
      { from: 'on', to: 'broken', inputs: ['press (dim)'] },
    ])
  })

  it('draws each state once and each move with its inputs, and escapes text', () => {
    const moves = transitions.map((one) => ({ ...one, input: one.input.replace('press', 'press <&>') }))
    const drawn = drawStage('Lamp', moves, ['broken'])
    expect([...drawn.matchAll(/class="state"[^>]*>(\w+)</g)].map(([, state]) => state)).toEqual(['off', 'on', 'broken'])
    expect([...drawn.matchAll(/class="to \w+"[^>]*>→ (\w+)</g)].map(([, state]) => state)).toEqual(['on', 'off', 'broken'])
    // One arrowhead per entered state, and one for the start.
    expect([...drawn.matchAll(/class="fill \w+" d="M/g)]).toHaveLength(4)
    expect(drawn).toContain('>press &lt;&amp;&gt; (dim)</text>')
    expect(drawn).not.toContain('<&>')
  })

  it('lists inputs that have an effect, and details of a state if they change the result', () => {
    expect(linesWith('| ').slice(1)).toEqual([
      '| off | press | on | – |',
      '| on | press | off | – |',
      '| on | look | on | – |',
      '| on, dim | press | broken | fail OLD |',
    ])
  })

  it('reports states and inputs without a sample', () => {
    const all = { states: { off: true, on: true, broken: true }, inputs: { press: true, look: true } } as const
    expect(unsampled(all, { a: { state: 'on' }, b: { state: 'on' }, c: { state: 'off' } }, { d: { type: 'look' } })).toEqual([
      'broken',
      'press',
    ])
  })
})
