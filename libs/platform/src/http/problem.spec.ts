import { expect, it } from 'vitest'
import { silentLogger } from '../logger.js'
import { toProblem } from './problem.js'

const fault = (properties: object): Error => Object.assign(new Error('internals'), properties)
const kafka = (name: string, more: object = {}): Error => fault({ name: `KafkaJS${name}`, ...more })

it.each<[string, Error, string]>([
  ['a database that is away', fault({ code: 'ECONNREFUSED' }), 'cannot reach its database'],
  ['a replaced password', fault({ code: '28P01' }), 'refuses the password of the service'],
  ['a read-only database', fault({ code: '25006' }), 'accepts only reads'],
  ['a full disk', fault({ code: '53100' }), 'no room left'],
  ['a broker that is away', kafka('ConnectionError', { code: 'ECONNREFUSED' }), 'The broker cannot be reached'],
  ['a broker that is frozen', kafka('NonRetriableError', { cause: kafka('RequestTimeoutError') }), 'The broker cannot be reached'],
  ['a broker that refuses', kafka('ProtocolError'), 'refused the request'],
])('%s is named as what is unavailable', (_what, error, named) => {
  const problem = toProblem(error, { method: 'GET', url: '/v1/topics' }, silentLogger)
  expect(problem).toMatchObject({ status: 503, code: 'HMS_HTTP_UNAVAILABLE', retryable: true, detail: expect.stringContaining(named) })
  expect(problem.detail).not.toContain('internals')
})

it('a write may have been stored by a database that was lost before its response', () => {
  const lost = new Error('Connection terminated unexpectedly')
  const detailOf = (method: string): string => toProblem(lost, { method, url: '/v1/rollbacks' }, silentLogger).detail
  expect(detailOf('POST')).toContain('may have stored this request')
  expect(detailOf('GET')).not.toContain('stored')
})

it('a topic that the broker lacks is named, with the commands that show and create it', () => {
  const missing = kafka('NonRetriableError', { cause: kafka('ProtocolError', { type: 'UNKNOWN_TOPIC_OR_PARTITION' }) })
  expect(toProblem(missing, { method: 'GET', url: '/v1/topics' }, silentLogger)).toMatchObject({
    status: 503,
    code: 'HMS_TOPICS_MISSING',
    next: [{ action: 'topics.diff' }, { action: 'topics.apply' }],
  })
})
