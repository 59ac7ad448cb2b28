import { describe, expect, it } from 'vitest'
import { oldestOfGreatest } from './keep-preparations.js'

const made = (...makers: string[]) => makers.map((by, at) => ({ digest: `${at}`, policy: 'pm25', by, preparedAt: '' }))

describe('oldestOfGreatest', () => {
  it('returns the oldest preparation of the caller with the most', () => {
    expect(oldestOfGreatest(made('chief', 'a', 'counsel', 'a', 'a'))).toMatchObject({ by: 'a', digest: '1' })
  })

  it('returns the oldest of all when every caller has equally many', () => {
    expect(oldestOfGreatest(made('chief', 'a', 'counsel'))).toMatchObject({ digest: '0' })
    expect(oldestOfGreatest([])).toBeUndefined()
  })
})
