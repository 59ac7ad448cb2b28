import { describe, expect, it } from 'vitest'
import { readRolloutConfig } from './rollout.config.js'

describe('HMS_ROLLOUT_QUORUM', () => {
  it.each([
    ['99%', 9_900],
    ['0.99', 9_900],
    ['100%', 10_000],
    ['1', 10_000],
    ['1.0', 10_000],
    ['99.95%', 9_995],
    ['0.5', 5_000],
    ['7%', 700],
  ])('accepts %s as %i basis points', (quorum, share) => {
    expect(readRolloutConfig({ HMS_ROLLOUT_QUORUM: quorum }).quorumShare).toBe(share)
  })

  it.each(['0', '0%', '0.0', '00.00%', '101%', '1.5', '-1%', '99', 'all', '99 %'])('refuses "%s"', (quorum) => {
    expect(() => readRolloutConfig({ HMS_ROLLOUT_QUORUM: quorum })).toThrow('HMS_ROLLOUT_QUORUM must be a share such as 99% or 0.99')
  })
})
