import { describe, expect, it } from 'vitest'
import { oldestOfGreatest } from './keep-preparations.js'

const made = (...makers: string[]) => makers.map((by, at) => ({ digest: `${at}`, policy: 'pm25', by, preparedAt: '' }))

describe('the preparation that goes when there are too many', () => {
  it('is of anyone who has most, and the oldest of theirs', () => {
    expect(oldestOfGreatest(made('chief', 'a', 'counsel', 'a', 'a'))).toMatchObject({ by: 'a', digest: '1' })
  })

  it('is the oldest of all where all have as many', () => {
    expect(oldestOfGreatest(made('chief', 'a', 'counsel'))).toMatchObject({ digest: '0' })
    expect(oldestOfGreatest([])).toBeUndefined()
  })
})
