import { describe, expect, it } from 'vitest'
import { Instances, COOLDOWN_MS } from './instances.js'

describe('instances', () => {
  let now = 0
  const of = (...urls: string[]): Instances => new Instances(urls, () => now)
  /** Returns the first instance for each of the next `count` requests. */
  const firsts = (instances: Instances, count: number): string[] => Array.from({ length: count }, () => instances.next({}))

  it('are used in round-robin order', () => {
    expect(firsts(of('a', 'b', 'c'), 4)).toEqual(['a', 'b', 'c', 'a'])
  })

  it('that did not respond are tried after the others', () => {
    const instances = of('a', 'b', 'c')
    const request = {}
    instances.next(request)
    instances.markUnresponsive(request)
    expect(firsts(instances, 4)).toEqual(['b', 'c', 'b', 'b'])
    const next = {}
    expect([instances.next(next), instances.next(next), instances.next(next)]).toEqual(['c', 'b', 'a'])
  })

  it('are tried by one request after their cooldown, and by all requests after a response', () => {
    const instances = of('a', 'b')
    const request = {}
    instances.next(request)
    instances.markUnresponsive(request)
    now += COOLDOWN_MS
    instances.next({})
    const trial = {}
    expect([instances.next(trial), ...firsts(instances, 2)]).toEqual(['a', 'b', 'b'])
    instances.markResponsive(trial)
    expect(firsts(instances, 2).toSorted()).toEqual(['a', 'b'])
  })

  it('are used in round-robin order when none responds', () => {
    const instances = of('a', 'b')
    const request = {}
    for (let time = 0; time < 2; time++) {
      instances.next(request)
      instances.markUnresponsive(request)
    }
    expect(firsts(instances, 2).toSorted()).toEqual(['a', 'b'])
  })
})
