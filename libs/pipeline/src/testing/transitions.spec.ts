import { describe, expect, it } from 'vitest'
import { describeStage, transitionsOf, unsampled } from './transitions.js'

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
const page = describeStage('Lamp', transitionsOf(STATES, { press: 'press', look: 'look', wait: 'wait' }, decide), ['broken'])
const linesWith = (sign: string): string[] => page.split('\n').filter((line) => line.includes(sign))

describe('the page of a stage', () => {
  it('draws arrows between states alone, and says in brackets what matters of one', () => {
    expect(linesWith('-->').map((line) => line.trim())).toEqual([
      '[*] --> new',
      'off --> on: press',
      'on --> off: press',
      'on --> broken: press (dim)',
      'broken --> [*]',
    ])
  })

  it('lists what does something, and what matters of a state where it makes a difference', () => {
    expect(linesWith('| ').slice(1)).toEqual([
      '| off | press | on | – |',
      '| on | press | off | – |',
      '| on | look | on | – |',
      '| on, dim | press | broken | fail OLD |',
    ])
  })

  it('tells what no sample has', () => {
    const all = { states: { off: true, on: true, broken: true }, inputs: { press: true, look: true } } as const
    expect(unsampled(all, { a: { state: 'on' }, b: { state: 'on' }, c: { state: 'off' } }, { d: { type: 'look' } })).toEqual([
      'broken',
      'press',
    ])
  })
})
