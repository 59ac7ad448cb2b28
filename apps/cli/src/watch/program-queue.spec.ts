import { describe, expect, it } from 'vitest'
import { type PolicyChange, ProgramQueue } from './run-program.js'

const change = (id: string, to: string): PolicyChange => ({ id, from: null, to, revision: 1, value: null })

/** Creates a program that ends on request of the test. */
function stage() {
  const begun: string[] = []
  const ends: (() => void)[] = []
  const queue = new ProgramQueue(({ id, to }) => {
    begun.push(`${id}@${to}`)
    return new Promise((end) => ends.push(end))
  })
  const endOne = async (): Promise<void> => {
    ends.shift()!()
    for (let turns = 0; turns < 5; turns++) await Promise.resolve()
  }
  return { begun, queue, endOne }
}

describe('ProgramQueue', () => {
  it('runs one program at a time, and none for an outdated change', async () => {
    const { begun, queue, endOne } = stage()
    for (const version of ['1.0.0', '2.0.0', '3.0.0']) queue.push(change('a', version))
    expect(begun).toEqual(['a@1.0.0'])
    await endOne()
    expect(begun).toEqual(['a@1.0.0', 'a@3.0.0'])
    await endOne()
    queue.push(change('a', '4.0.0'))
    expect(begun.at(-1)).toBe('a@4.0.0')
  })

  it('runs a program for every policy, in the order of the newest changes', async () => {
    const { begun, queue, endOne } = stage()
    queue.push(change('a', '1.0.0'))
    queue.push(change('b', '1.0.0'))
    queue.push(change('c', '1.0.0'))
    queue.push(change('b', '2.0.0'))
    for (let ended = 0; ended < 3; ended++) await endOne()
    expect(begun).toEqual(['a@1.0.0', 'c@1.0.0', 'b@2.0.0'])
  })

  it.each([0, 1, 2, 3, 4])('runs a program for a change that comes %i turns after the last one ended', async (turns) => {
    const { begun, queue, endOne } = stage()
    queue.push(change('a', '1.0.0'))
    void endOne()
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    queue.push(change('a', '2.0.0'))
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    expect(begun).toEqual(['a@1.0.0', 'a@2.0.0'])
  })

  it('starts no other program once it is closed', async () => {
    const { begun, queue, endOne } = stage()
    queue.push(change('a', '1.0.0'))
    queue.push(change('b', '1.0.0'))
    const closed = queue.close()
    await endOne()
    await closed
    expect(begun).toEqual(['a@1.0.0'])
  })
})
