import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ALL_REGIONS, bucketOf, inShare, murmur3_32, parseShare, scopeCovers, scopesOverlap } from '../index.js'

const POLICY = 'epa-pm25-limit'

describe('buckets', () => {
  it.each([
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['hello', 0, 0x248bfa47],
    ['hello, world', 0, 0x149bbb7f],
    ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
    ['epa-pm25-limitbot-0001', 0, 0x79b11fda],
    ['région:NCR', 0, 0x51796478],
  ])('hashes %j with seed %i', (text, seed, hash) => {
    expect(murmur3_32(text, seed)).toBe(hash)
    expect(murmur3_32(new TextEncoder().encode(text), seed)).toBe(hash)
  })

  it.each([
    ['0001', 4753],
    ['0002', 5953],
    ['0003', 2371],
    ['0042', 5976],
    ['0007', 439],
    ['0088', 477],
    ['0089', 203],
    ['0095', 194],
    ['0111', 473],
  ])('puts bot-%s into bucket %i', (bot, bucket) => {
    expect(bucketOf(POLICY, `bot-${bot}`)).toBe(bucket)
  })

  it('takes the first five bots of the vectors into 5 %', () => {
    const bots = Array.from({ length: 112 }, (_, index) => `bot-${String(index).padStart(4, '0')}`)
    expect(bots.filter((bot) => inShare(bucketOf(POLICY, bot), 500))).toEqual(['bot-0007', 'bot-0088', 'bot-0089', 'bot-0095', 'bot-0111'])
  })

  it('selects 4,998 of 100,000 bots at 5 %', () => {
    let inside = 0
    for (let index = 0; index < 100_000; index++) if (inShare(bucketOf(POLICY, `bot-${index}`), 500)) inside++
    expect(inside).toBe(4_998)
  })

  it('keeps every bot of a smaller share in a larger one', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (policy, key, salt) => {
        const bucket = bucketOf(policy, key, salt)
        expect(bucket).toBeGreaterThanOrEqual(0)
        expect(inShare(bucket, 10_000)).toBe(true)
        if (inShare(bucket, 500)) expect(inShare(bucket, 2_500)).toBe(true)
      }),
    )
  })

  it('filters by scope', () => {
    expect(scopeCovers('global', {})).toBe(true)
    expect(scopeCovers('region:NCR', { region: 'NCR' })).toBe(true)
    expect(scopeCovers('region:NCR', { region: 'ncr' })).toBe(false)
    expect(scopeCovers('region:', { region: '' })).toBe(false)
    expect(scopeCovers('region:NCR', {})).toBe(false)
  })

  it('treats all regions as a scope that differs from the stable one and covers every reader', () => {
    expect(ALL_REGIONS).not.toBe('global')
    for (const region of ['NCR', 'VA', '', undefined]) expect(scopeCovers(ALL_REGIONS, { region })).toBe(true)
  })

  it.each([
    ['region:NCR', 'region:NCR', true],
    ['region:NCR', 'region:VA', false],
    [ALL_REGIONS, 'region:VA', true],
    ['region:VA', ALL_REGIONS, true],
    ['global', 'region:VA', true],
  ])('reports whether %s and %s may have a reader in common', (a, b, expected) => {
    expect(scopesOverlap(a, b)).toBe(expected)
  })
})

describe('shares', () => {
  it.each([
    ['5%', 500],
    ['0.05', 500],
    [0.05, 500],
    [0.07, 700],
    ['1', 10_000],
    [1, 10_000],
    ['1%', 100],
    ['100%', 10_000],
    ['0.01%', 1],
    ['.5', 5_000],
    ['12.50 %', 1_250],
    [0.0001, 1],
    ['1.0', 10_000],
  ])('%s is %i basis points', (input, basisPoints) => {
    expect(parseShare(input)).toEqual({ ok: true, basisPoints })
  })

  it.each(['0', 0, '5', '101%', '-1', '', '.', '%', 'x', '1e-2', '0.00005', '0.001%', Number.NaN, 0.000_000_1])('refuses %s', (input) => {
    expect(parseShare(input)).toMatchObject({ ok: false, code: 'HMS_SHARE_INVALID' })
  })

  it('reads every basis point in both notations', () => {
    for (let points = 1; points <= 10_000; points++) {
      expect(parseShare(points / 10_000)).toEqual({ ok: true, basisPoints: points })
      expect(parseShare(`${points / 100}%`)).toEqual({ ok: true, basisPoints: points })
    }
  })
})
