import { expect, it } from 'vitest'
import { SendSlots } from './send-slots.js'

it('gives a partner two hands, all together six, and takes them back', () => {
  const slots = new SendSlots()
  const asked = ['a', 'a', 'a', 'b', 'b', 'c', 'c', 'd']
  expect(asked.filter((partner) => slots.take(partner))).toEqual(['a', 'a', 'b', 'b', 'c', 'c'])
  slots.release('a')
  expect(slots.take('d')).toBe(true)
  expect(slots.take('a')).toBe(false)
  slots.release('b')
  expect(slots.take('a')).toBe(true)
})
