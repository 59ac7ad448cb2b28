import { expect, it } from 'vitest'
import { describeError } from './failures.js'

it('an error for several addresses is described by the first of them', () => {
  const refused = ['::1', '127.0.0.1'].map((address) => new Error(`connect ECONNREFUSED ${address}:5432`))
  // As Node makes it for a name with two addresses.
  expect(describeError(new AggregateError(refused, ''))).toBe('connect ECONNREFUSED ::1:5432')
  expect(describeError(new AggregateError([], 'nothing to try'))).toBe('nothing to try')
  expect(describeError(new Error('one'))).toBe('one')
  // As `fetch` throws it.
  expect(describeError(new TypeError('fetch failed', { cause: new AggregateError(refused, '') }))).toBe('connect ECONNREFUSED ::1:5432')
  expect(describeError(new TypeError('fetch failed'))).toBe('fetch failed')
})
