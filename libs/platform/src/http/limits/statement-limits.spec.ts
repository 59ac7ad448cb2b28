import { array, assert, constantFrom, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StatementLimits } from './statement-limits.js'

const BOUNDS = { burst: 4, perSecond: 1 }
const limitsOf = (): StatementLimits => new StatementLimits(BOUNDS, () => 0)
let next = 0
const send = (limits: StatementLimits, address: string, keyid?: string, id = String(next++)): boolean => {
  const request = {}
  limits.begin(request, address)
  return limits.settle(request, keyid === undefined ? undefined : { keyid, id }) === 0
}

describe('a verified statement', () => {
  it('uses no token of its address, and is not limited by other requests of the address', () => {
    const limits = limitsOf()
    expect(Array.from({ length: 4 }, () => send(limits, 'a', 'chief'))).toEqual([true, true, true, true])
    expect(Array.from({ length: 5 }, () => send(limits, 'a'))).toEqual([true, true, true, true, false])
    expect([send(limits, 'a', 'counsel'), send(limits, 'a', 'chief')]).toEqual([true, false])
  })

  it('is limited by its address after it was sent too often', () => {
    const limits = new StatementLimits({ burst: 100, perSecond: 1 }, () => 0)
    while (send(limits, 'a'));
    expect(Array.from({ length: 7 }, () => send(limits, 'a', 'chief', 'same'))).toEqual([true, true, true, true, true, false, false])
    expect(send(limits, 'a', 'chief', 'other')).toBe(true)
  })

  it('is accepted whatever other requests its address sent before', () => {
    const sent = record({ keyid: constantFrom(undefined, 'counsel', 'liaison'), id: constantFrom('1', '2', undefined) })
    assert(
      property(array(sent, { maxLength: 60 }), (others) => {
        const limits = limitsOf()
        for (const { keyid, id } of others) send(limits, 'a', keyid, id)
        return send(limits, 'a', 'chief')
      }),
    )
  })
})

it('counts a request once, and no request that was not begun', () => {
  const limits = limitsOf()
  const request = {}
  limits.begin(request, 'a')
  expect([limits.settle(request, undefined), limits.settle(request, undefined), limits.settle({}, undefined)]).toEqual([0, 0, 0])
})
