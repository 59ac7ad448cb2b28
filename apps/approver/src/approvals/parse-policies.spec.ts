import { digestOfJson } from '#libs/signing'
import { expect, it } from 'vitest'
import { membersOf } from './parse-policies.js'

const policies = (count: number): { digest: string }[] => Array.from({ length: count }, (_, index) => ({ digest: digestOfJson(index) }))

it('the key of a bundle of as many policies as it may have fits into an index, and tells it from others', () => {
  const whole = membersOf(policies(200))
  expect(whole.length).toBeLessThan(2_000)
  expect(membersOf(policies(200).toReversed())).toBe(whole)
  expect(membersOf(policies(199))).not.toBe(whole)
})
