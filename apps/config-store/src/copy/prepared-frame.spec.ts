import { describe, expect, it } from 'vitest'
import { PreparedFrame } from './prepared-frame.js'

describe('a heartbeat', () => {
  it('has only type and revision, in at most 64 bytes', () => {
    const { message } = PreparedFrame.heartbeat(Number.MAX_SAFE_INTEGER)
    expect(JSON.parse(message.toString())).toEqual({ type: 'heartbeat', revision: Number.MAX_SAFE_INTEGER })
    expect(message.length).toBeLessThanOrEqual(64)
  })
})

describe('a goodbye', () => {
  it('sets the wait of a stock EventSource too', () => {
    expect(PreparedFrame.goodbye(7, 3_500).serverSentEvent.toString()).toBe(
      'id: 7\nretry: 3500\ndata: {"type":"goodbye","revision":7,"retryMs":3500}\n\n',
    )
  })

  it('sets a wait of at least one second, which an EventSource keeps while the server is unavailable', () => {
    expect(PreparedFrame.goodbye(7, 0).serverSentEvent.toString()).toBe(
      'id: 7\nretry: 1000\ndata: {"type":"goodbye","revision":7,"retryMs":0}\n\n',
    )
  })
})

describe('a change', () => {
  it('has its lists even if they are empty', () => {
    expect(JSON.parse(PreparedFrame.of('change', 2).message.toString())).toEqual({
      type: 'change',
      revision: 2,
      changes: [],
      documents: [],
    })
  })
})
