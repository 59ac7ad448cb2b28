import { expect, it } from 'vitest'
import { readHttpLimits } from './http-limits.config.js'

it('trusts only an edge on the same machine, unless trusted proxies are configured', () => {
  expect(readHttpLimits('production', {}, true).trusted.has('127.0.0.1')).toBe(true)
  expect(readHttpLimits('dev', {}, false).trusted.has('127.0.0.1')).toBe(false)
  const named = readHttpLimits('production', { HMS_HTTP_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1' }, true).trusted
  expect(['10.1.1.1', '192.0.2.1', '127.0.0.1'].map((address) => named.has(address))).toEqual([true, true, false])
})

it('allows more connections from one address with profile dev', () => {
  expect(readHttpLimits('dev', {}, false)).toMatchObject({ writesPerSecond: 50, connectionsPerClient: 20_000 })
  expect(readHttpLimits('production', { HMS_HTTP_WRITES_PER_SECOND: '5' }, true)).toMatchObject({
    writesPerSecond: 5,
    connectionsPerClient: 2_000,
  })
})

it.each([{ HMS_HTTP_WRITES_PER_SECOND: '0' }, { HMS_HTTP_CONNECTIONS: 'many' }, { HMS_HTTP_TRUSTED_PROXIES: '10.0.0.0/8,localname' }])(
  'names the invalid variable in %j',
  (env) => expect(() => readHttpLimits('dev', env, false)).toThrow(Object.keys(env)[0]),
)
