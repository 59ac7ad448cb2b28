import { expect, it } from 'vitest'
import { readHostConfig, replicationOf } from './host.config.js'

it('uses the configured replication factor, else three in production and one with profile dev', () => {
  const copies = (env: Record<string, string>): number => replicationOf(readHostConfig(env))
  expect([copies({}), copies({ HMS_PROFILE: 'production' }), copies({ HMS_PROFILE: 'dev' })]).toEqual([3, 3, 1])
  expect([copies({ HMS_KAFKA_REPLICATION: '1' }), copies({ HMS_PROFILE: 'dev', HMS_KAFKA_REPLICATION: '5' })]).toEqual([1, 5])
  for (const wrong of ['0', '-1', '1.5', 'three', '16'])
    expect(() => copies({ HMS_KAFKA_REPLICATION: wrong })).toThrow(expect.objectContaining({ code: 'HMS_CONFIG_INVALID' }) as Error)
})
