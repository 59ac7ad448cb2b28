import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { describeError } from './failures.js'

it('an error for several addresses is described by the first of them', async () => {
  const socket = connect({
    port: 9,
    lookup: (_host, _options, found) =>
      found(
        null,
        [4, 6].map((family) => addressOf(family)),
      ),
    host: 'both',
  })
  const error = await new Promise((resolve) => socket.once('error', resolve))
  expect((error as Error).message).toBe('')
  expect(describeError(error)).toBe('connect ECONNREFUSED 127.0.0.1:9')
  expect(
    describeError(
      await Promise.any([Promise.reject(new Error('first')), Promise.reject(new Error('second'))]).catch((all: unknown) => all),
    ),
  ).toBe('first')
  expect(describeError(new AggregateError([], 'nothing to try'))).toBe('nothing to try')
})

const addressOf = (family: number) => ({ address: family === 4 ? '127.0.0.1' : '::1', family })
