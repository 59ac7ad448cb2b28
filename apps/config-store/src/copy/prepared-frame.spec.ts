import { describe, expect, it } from 'vitest'
import { PreparedFrame } from './prepared-frame.js'

describe('a heartbeat', () => {
  it('is type and revision alone, in 64 bytes at most', () => {
    const { message } = PreparedFrame.heartbeat(Number.MAX_SAFE_INTEGER)
    expect(JSON.parse(message.toString())).toEqual({ type: 'heartbeat', revision: Number.MAX_SAFE_INTEGER })
    expect(message.length).toBeLessThanOrEqual(64)
  })
})

describe('a goodbye', () => {
  it('tells a stock EventSource too how long to wait', () => {
    expect(PreparedFrame.goodbye(7, 3_500).serverSentEvent.toString()).toBe(
      'id: 7\nretry: 3500\ndata: {"type":"goodbye","revision":7,"retryMs":3500}\n\n',
    )
  })

  it('tells it no less than a second: it would keep to that while the server is away', () => {
    expect(PreparedFrame.goodbye(7, 0).serverSentEvent.toString()).toBe(
      'id: 7\nretry: 1000\ndata: {"type":"goodbye","revision":7,"retryMs":0}\n\n',
    )
  })
})

describe('a change', () => {
  it('has its list also when that is empty', () => {
    expect(JSON.parse(PreparedFrame.of('change', 2).message.toString())).toEqual({
      type: 'change',
      revision: 2,
      changes: [],
      documents: [],
    })
  })
})
