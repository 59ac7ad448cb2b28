import { expect, it } from 'vitest'
import { SendSlots } from './send-slots.js'

const NOW = new Date('2026-01-01T00:00:00Z')
const after = (ms: number): Date => new Date(NOW.getTime() + ms)

it('provides two slots per partner and 64 in total, and reuses released slots', () => {
  const slots = new SendSlots()
  const [first, second, third] = [slots.take('a', NOW), slots.take('a', NOW), slots.take('a', NOW)]
  expect([second === undefined, third === undefined]).toEqual([false, true])
  const others = Array.from({ length: 63 }, (_, index) => slots.take(`p${index}`, NOW))
  expect(others.map((slot) => slot !== undefined)).toEqual([...Array<boolean>(62).fill(true), false])
  first!.release()
  expect([slots.take('p62', NOW) === undefined, slots.take('a', NOW)]).toEqual([false, undefined])
  others[0]!.release()
  expect(slots.take('a', NOW)).toBeDefined()
})

it('provides six slots for all mail together', () => {
  const slots = new SendSlots()
  const mails = Array.from({ length: 7 }, (_, index) => slots.take(`p${index}`, NOW)!)
  expect(mails.map((slot) => slot.takeRelay() && slot.takeRelay())).toEqual([...Array<boolean>(6).fill(true), false])
  mails[0]!.release()
  expect(mails[6]!.takeRelay()).toBe(true)
})

it('reports how long the oldest slot of a partner has been in use', () => {
  const slots = new SendSlots()
  const first = slots.take('a', NOW)!
  slots.take('a', after(500))
  expect([slots.heldMs('a', after(800)), slots.heldMs('b', after(800))]).toEqual([800, 0])
  first.release()
  expect(slots.heldMs('a', after(800))).toBe(300)
})
