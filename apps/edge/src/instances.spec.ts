import { describe, expect, it } from 'vitest'
import { Instances, REST_MS } from './instances.js'

describe('instances', () => {
  let now = 0
  const of = (...urls: string[]): Instances => new Instances(urls, () => now)
  /** Returns the first instance of each of the next requests. */
  const firsts = (instances: Instances, count: number): string[] => Array.from({ length: count }, () => instances.next({}))

  it('are asked in turn', () => {
    expect(firsts(of('a', 'b', 'c'), 4)).toEqual(['a', 'b', 'c', 'a'])
  })

  it('that gave no answer are asked behind the others, and are not lost', () => {
    const instances = of('a', 'b', 'c')
    const request = {}
    instances.next(request)
    instances.silent(request)
    expect(firsts(instances, 4)).toEqual(['b', 'c', 'b', 'b'])
    const next = {}
    expect([instances.next(next), instances.next(next), instances.next(next)]).toEqual(['c', 'b', 'a'])
  })

  it('are tried by one request once they have rested, and by all once one answered', () => {
    const instances = of('a', 'b')
    const request = {}
    instances.next(request)
    instances.silent(request)
    now += REST_MS
    instances.next({})
    const trial = {}
    expect([instances.next(trial), ...firsts(instances, 2)]).toEqual(['a', 'b', 'b'])
    instances.answered(trial)
    expect(firsts(instances, 2).toSorted()).toEqual(['a', 'b'])
  })

  it('are asked in turn where all gave none', () => {
    const instances = of('a', 'b')
    const request = {}
    for (let time = 0; time < 2; time++) {
      instances.next(request)
      instances.silent(request)
    }
    expect(firsts(instances, 2).toSorted()).toEqual(['a', 'b'])
  })
})
