import { digestOfJson } from '#libs/signing'
import { expect, it } from 'vitest'
import { membersOf } from './parse-policies.js'

const policies = (count: number): { digest: string }[] => Array.from({ length: count }, (_, index) => ({ digest: digestOfJson(index) }))

it('membersOf returns a key for the largest bundle that fits into an index, ignores the order, and differs for another bundle', () => {
  const whole = membersOf(policies(200))
  expect(whole.length).toBeLessThan(2_000)
  expect(membersOf(policies(200).toReversed())).toBe(whole)
  expect(membersOf(policies(199))).not.toBe(whole)
})
