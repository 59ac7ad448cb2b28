import { describe, expect, it } from 'vitest'
import { readNotifierConfig } from './notifier.config.js'

describe('the networks that a deployment allows partners', () => {
  it('are none in production, and loopback with profile dev', () => {
    expect(readNotifierConfig({}, 'production').deployment).toEqual({ profile: 'production', networks: [] })
    expect(readNotifierConfig({}, 'dev').deployment).toEqual({ profile: 'dev', networks: ['127.0.0.0/8', '::1/128'] })
  })

  it('are what the variable lists, instead', () => {
    expect(readNotifierConfig({ HMS_NOTIFIER_NETWORKS: '10.20.0.0/16, fd12:3456::/32' }, 'dev').deployment.networks).toEqual([
      '10.20.0.0/16',
      'fd12:3456::/32',
    ])
  })

  it.each(['10.0.0.1', '10.0.0.0/33', 'example.org', '10.0.0.0/8,', '::/129', '10.0.0.0/8;fd00::/8'])('are not read from %s', (text) => {
    expect(() => readNotifierConfig({ HMS_NOTIFIER_NETWORKS: text }, 'production')).toThrow('HMS_NOTIFIER_NETWORKS must be CIDRs')
  })
})
