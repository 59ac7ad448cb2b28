import { describe, expect, it } from 'vitest'
import type { Delivery } from '../delivery/delivery.table.js'
import { sampleDelivery } from '../delivery/sample-delivery.suite.js'
import { summarize } from './summary.js'

const to = (partner: string, state: Delivery['state'], more: Partial<Delivery> = {}): Delivery =>
  sampleDelivery({ partner, state, ...more })
const stage = (partners: string[], unknown: string[] = []) => ({ partners, unknown })

describe('the summary of a notify stage', () => {
  it('counts partners, not messages', () => {
    const six = ['a', 'b', 'c', 'd', 'e', 'f']
    const messages = six.flatMap((partner) => [to(partner, 'delivered'), to(partner, 'delivered', { policy: 'ozone' })])
    expect(summarize(stage(six), messages)).toEqual({ summary: '6 sent', sent: 6, retrying: 0, acknowledged: 0 })
  })

  it('contains the end of retries: 24 hours after the latest first attempt', () => {
    const deliveries = [
      to('a', 'delivered'),
      to('b', 'pending', { firstAt: '2026-01-01T00:00:01.500Z' }),
      to('c', 'pending', { createdAt: '2026-01-01T00:00:00.000Z' }),
    ]
    const expected = { summary: '1 sent, 2 retrying until 2026-01-02T00:00:01Z', sent: 1, retrying: 2, acknowledged: 0 }
    expect(summarize(stage(['a', 'b', 'c']), deliveries)).toEqual(expected)
  })

  it('counts a partner that mail and files reached while its webhook is down', () => {
    const deliveries = ['a', 'b'].flatMap((partner) => [
      to(partner, 'delivered', { channel: 'email-1' }),
      to(partner, 'delivered', { channel: 'sftp-1' }),
      to(partner, 'pending', { channel: 'webhook-1', firstAt: '2026-01-01T00:00:00.000Z' }),
    ])
    const summary = '2 sent, 2 of them retrying on another channel until 2026-01-02T00:00:00Z'
    expect(summarize(stage(['a', 'b']), deliveries)).toEqual({ summary, sent: 2, retrying: 0, acknowledged: 0 })
  })

  it('lists unknown partners', () => {
    expect(summarize(stage([]), []).summary).toBe('0 sent (no partners)')
    expect(summarize(stage([], ['a', 'b']), []).summary).toBe('0 sent (unknown: a, b)')
    expect(summarize(stage(['a', 'b'], ['x']), [to('a', 'delivered'), to('b', 'delivered')]).summary).toBe('2 sent (unknown: x)')
  })

  it('names on-call partners, which a plan for all partners excludes', () => {
    const leftOut = (count: number, ...names: string[]) => ({ leftOut: { count, names } })
    expect(summarize({ ...stage(['a']), ...leftOut(1, 'desk') }, [to('a', 'delivered')]).summary).toBe(
      '1 sent; not notified: desk (on call)',
    )
    expect(summarize({ ...stage([]), ...leftOut(9, 'x', 'y', 'z') }, []).summary).toBe(
      '0 sent (no partners); not notified: x, y, z and 6 more (on call)',
    )
  })

  it('counts partners that acknowledged each policy on at least one channel', () => {
    const acknowledged = { at: '', way: 'reply' as const, keyId: null, note: null }
    const deliveries = [
      to('a', 'delivered', { acknowledged }),
      to('a', 'delivered', { channel: 'webhook-2' }),
      to('b', 'delivered', { acknowledged }),
      to('b', 'delivered', { policy: 'ozone' }),
      to('c', 'delivered'),
    ]
    expect(summarize(stage(['a', 'b', 'c']), deliveries)).toMatchObject({ sent: 3, acknowledged: 1 })
  })

  it('counts a partner as notified after one channel, and names abandoned and superseded partners', () => {
    const deliveries = [to('a', 'delivered'), to('a', 'dead', { channel: 'webhook-2' }), to('b', 'dead'), to('c', 'superseded')]
    expect(summarize(stage(['a', 'b', 'c']), deliveries)).toEqual({
      summary: '1 sent, 1 failed, 1 superseded',
      sent: 1,
      retrying: 0,
      acknowledged: 0,
    })
    expect(summarize(stage(['gone']), [])).toMatchObject({ summary: '0 sent, 1 superseded', sent: 0 })
    const half = [to('a', 'delivered'), to('a', 'dead', { policy: 'ozone' })]
    expect(summarize(stage(['a']), half).summary).toBe('0 sent, 1 failed')
  })
})
