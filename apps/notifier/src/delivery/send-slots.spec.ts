import { expect, it } from 'vitest'
import { SendSlots } from './send-slots.js'

it('gives a partner two slots, all together 64, and takes them back', () => {
  const slots = new SendSlots()
  const [first, second, third] = [slots.take('a'), slots.take('a'), slots.take('a')]
  expect([second === undefined, third === undefined]).toEqual([false, true])
  const others = Array.from({ length: 63 }, (_, index) => slots.take(`p${index}`))
  expect(others.map((slot) => slot !== undefined)).toEqual([...Array<boolean>(62).fill(true), false])
  first!.release()
  expect([slots.take('p62') === undefined, slots.take('a')]).toEqual([false, undefined])
  others[0]!.release()
  expect(slots.take('a')).toBeDefined()
})

it('gives all mail together six', () => {
  const slots = new SendSlots()
  const mails = Array.from({ length: 7 }, (_, index) => slots.take(`p${index}`)!)
  expect(mails.map((slot) => slot.takeRelay() && slot.takeRelay())).toEqual([...Array<boolean>(6).fill(true), false])
  mails[0]!.release()
  expect(mails[6]!.takeRelay()).toBe(true)
})
