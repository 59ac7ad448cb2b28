import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import { surviveUncaughtErrors } from './signals.js'

const start = () => {
  const [from, lines, exits] = [new EventEmitter(), [] as string[], [] as number[]]
  const time = { now: 0 }
  surviveUncaughtErrors(from, { write: (line) => void lines.push(line), exit: (code) => void exits.push(code), now: () => time.now })
  return { from, lines, exits, time }
}

it('an error thrown by a listener is logged as one line, and does not end the process', () => {
  const { from, lines, exits } = start()
  for (const thrown of [new TypeError('Trailer'), undefined, 'text']) from.emit('uncaughtException', thrown)
  expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(['error', 'error', 'error'])
  expect([lines[0]!.includes('TypeError: Trailer'), exits]).toEqual([true, []])
})

it('a process with more than a hundred uncaught errors a minute exits', () => {
  const { from, exits, time } = start()
  for (let count = 0; count < 300; count++) {
    time.now += 1_000
    from.emit('uncaughtException', new Error('now and then'))
  }
  expect(exits).toEqual([])
  for (let count = 0; count < 100; count++) from.emit('uncaughtException', new Error('all the time'))
  expect(exits[0]).toBe(1)
})
