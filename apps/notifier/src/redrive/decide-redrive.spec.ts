import { describe, expect, it } from 'vitest'
import { sampleDelivery } from '../delivery/sample-delivery.suite.js'
import { decideRedrive } from './decide-redrive.js'

const dead = sampleDelivery({ state: 'dead', nextAttemptAt: null })
const newer = sampleDelivery({ id: 'run-185-1.epa-pm25-limit.va-deq.webhook', version: '2.1.0', state: 'delivered' })

describe('a message that a person redrives', () => {
  it.each(['dead', 'delivered'] as const)('is sent if it is %s and the newest of its lane', (state) => {
    for (const lane of ['latest', 'every'] as const)
      expect(decideRedrive({ ...dead, state }, [], lane)).toEqual({ do: 'send', followedBy: [] })
  })

  it('is not sent while an attempt is pending, and the reason names the next attempt', () => {
    const pending = sampleDelivery()
    expect(decideRedrive(pending, [], 'latest')).toMatchObject({ because: 'pending', detail: expect.stringContaining('2026-01-01') })
    const behind = sampleDelivery({ nextAttemptAt: null })
    expect(decideRedrive(behind, [], 'every')).toMatchObject({
      because: 'pending',
      detail: expect.stringContaining('another message'),
    })
  })

  it('is not sent in a lane latest after a newer message, which the reason names', () => {
    expect(decideRedrive(dead, [newer], 'latest')).toMatchObject({ because: 'overtaken', detail: expect.stringContaining(newer.id) })
    expect(decideRedrive({ ...dead, state: 'superseded' }, [], 'latest')).toMatchObject({ because: 'overtaken' })
    expect(decideRedrive(dead, [newer], 'every')).toEqual({ do: 'send', followedBy: [] })
  })

  it('is sent if newer deliveries do not cover all its policies, and they are resent after it', () => {
    const ozone = { policy: 'ozone', version: '1.0.0', digest: '' }
    const bundle = { ...dead, policies: [{ policy: dead.policy, version: dead.version, digest: '' }, ozone] }
    expect(decideRedrive(bundle, [newer], 'latest')).toEqual({ do: 'send', followedBy: [newer] })
    const newest = { ...newer, version: '2.2.0' }
    expect(decideRedrive(bundle, [newer, newest], 'latest')).toEqual({ do: 'send', followedBy: [newest] })
    expect(decideRedrive(bundle, [newer, { ...newer, ...ozone }], 'latest')).toMatchObject({ because: 'overtaken' })
    expect(decideRedrive(bundle, [{ ...newer, state: 'pending' }], 'latest')).toMatchObject({ because: 'overtaken' })
  })
})
