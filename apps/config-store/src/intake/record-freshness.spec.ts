import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { peekPredicate } from '#libs/contracts'
import type { FreshnessPredicate } from '#libs/signing'
import { digestOfRelease, POLICY, startStore } from '../testing/store-harness.suite.js'
import { isDue } from './record-freshness.js'

const START = Date.parse('2026-01-01T00:00:00Z')
const at = (ms: number): Date => new Date(START + ms)

describe('isDue', () => {
  const stable = 'sha256:a'
  const known = { id: 'newest' as const, issuedAt: at(0).toISOString(), stable }
  it.each([
    ['the first', undefined, 0, stable, true],
    ['one on the same heads, soon after', known, 29_999, stable, false],
    ['one on the same heads, half a minute later', known, 30_000, stable, true],
    ['one on other heads, at once', known, 1, 'sha256:b', true],
    ['the same again', known, 0, stable, false],
    ['an older one on other heads', known, -1, 'sha256:b', false],
    ['one after another that a wrong clock dated', { ...known, issuedAt: '2099-01-01T00:00:00Z' }, 1, stable, true],
  ])('decides whether to record %s', (_what, before, ms, about, due) => {
    expect(isDue({ issuedAt: at(ms).toISOString(), stable: about }, before, START + ms)).toBe(due)
  })
})

describe('rollout’s statement on the topic of state', () => {
  let harness: Awaited<ReturnType<typeof startStore>>
  beforeEach(async () => {
    harness = await startStore()
  })
  afterEach(() => harness.stop())

  const recorded = async (): Promise<string[]> =>
    (await harness.emitted('hms.state.vouched.v1')).map(({ freshness }) => peekPredicate<FreshnessPredicate>(freshness).issuedAt)
  const times = (...ms: number[]): string[] => ms.map((each) => at(each).toISOString())

  it('is recorded unchanged every thirty seconds, and at once if it covers other heads', async () => {
    for (const ms of [0, 10_000, 20_000, 30_000, 40_000]) expect(await (await harness.vouch([], at(ms))).json()).toEqual({ accepted: true })
    await expect.poll(recorded).toEqual(times(0, 30_000))
    await harness.stored(await harness.head({ version: null }))
    await harness.vouch([{ policy: POLICY, seq: 1, current: null }], at(41_000))
    await expect.poll(recorded).toEqual(times(0, 30_000, 41_000))
    expect(await (await harness.vouch([], at(40_500))).json()).toEqual({ accepted: false })
    expect(await recorded()).toEqual(times(0, 30_000, 41_000))
  })

  it('is refused if it is dated far ahead, and valid ones are accepted afterwards', async () => {
    for (const ms of [600_000, 3 * 3_600_000, 200 * 86_400_000]) {
      const answer = await harness.vouch([], at(ms))
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([422, 'HMS_FRESHNESS_AHEAD'])
    }
    expect(await (await harness.vouch([], at(0))).json()).toEqual({ accepted: true })
    expect(await (await harness.vouch([], at(1))).json()).toEqual({ accepted: true })
    await expect.poll(recorded).toEqual(times(0))
  })

  it('is recorded among the documents, under a key that is not a policy id', async () => {
    await harness.stored(await harness.head())
    await harness.vouch([{ policy: POLICY, seq: 1, current: digestOfRelease('1.0.0') }], at(0))
    await expect.poll(recorded).toHaveLength(1)
    expect(harness.recorded('hms.config.state.v1').map(({ key, type }) => [key, type])).toEqual([
      [`${POLICY}@global`, 'hms.state.recorded.v1'],
      ['~freshness', 'hms.state.vouched.v1'],
    ])
  })

  it('is accepted even while the database is unavailable', async () => {
    harness.runtime.database.transaction = () => Promise.reject(new Error('away'))
    expect(await (await harness.vouch([], at(0))).json()).toEqual({ accepted: true })
    expect(await recorded()).toEqual([])
  })
})
