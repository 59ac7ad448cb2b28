import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { quietIdleQueues } from './idle-queues.js'

interface Queue extends EventEmitter {
  push(request: object): void
  fulfillRequest(response: object): void
  maybeThrottle(ms: number): void
  scheduleRequestTimeoutCheck(): void
}

const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as new (options: object) => Queue

let queue: Queue
let sent: number[]
beforeEach(() => {
  quietIdleQueues()
  vi.useFakeTimers()
  sent = []
  const logger = { debug: () => {}, warn: () => {} }
  queue = new RequestQueue({ maxInFlightRequests: 1, requestTimeout: 30_000, clientId: 'test', broker: 'here', logger })
})
afterEach(() => vi.useRealTimers())

const push = (correlationId: number, reject = (_error: Error): void => {}): void => {
  const entry = { correlationId, resolve: () => {}, reject }
  queue.push({ entry, expectResponse: true, sendRequest: () => sent.push(correlationId) })
}
const answer = (correlationId: number): void => queue.fulfillRequest({ correlationId, payload: null, size: 0 })

it('keeps no timer for a connection with nothing to send', () => {
  push(1)
  answer(1)
  expect(sent).toEqual([1])
  expect(vi.getTimerCount()).toBe(0)
})

it('sends a queued request when the one before has its response', () => {
  push(1)
  push(2)
  answer(1)
  expect(sent).toEqual([1, 2])
  answer(2)
  vi.runAllTimers()
  expect(vi.getTimerCount()).toBe(0)
})

it('sends a throttled request after the throttle time, even if nothing else happens', () => {
  queue.maybeThrottle(500)
  push(1)
  expect(sent).toEqual([])
  vi.advanceTimersByTime(510)
  expect(sent).toEqual([1])
  answer(1)
  expect(vi.getTimerCount()).toBe(0)
})

it('checks once a second for requests that have timed out, and rejects them', () => {
  const isConnected = vi.fn(() => true)
  const enforcing = {
    maxInFlightRequests: 1,
    requestTimeout: 15_000,
    enforceRequestTimeout: true,
    clientId: 'test',
    broker: 'here',
    isConnected,
  }
  queue = new RequestQueue({ ...enforcing, logger: { debug: () => {}, warn: () => {} } })
  queue.scheduleRequestTimeoutCheck()
  const gaveUp = vi.fn()
  push(1, gaveUp)
  vi.advanceTimersByTime(15_000)
  expect(gaveUp).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1_000)
  expect(gaveUp).toHaveBeenCalledWith(expect.objectContaining({ name: 'KafkaJSRequestTimeoutError' }))
  expect(isConnected).toHaveBeenCalledTimes(16)
})

it('keeps no timer for a connection that ended', () => {
  const isConnected = (): boolean => false
  queue = new RequestQueue({
    requestTimeout: 15_000,
    enforceRequestTimeout: true,
    isConnected,
    logger: { debug: () => {}, warn: () => {} },
  })
  queue.scheduleRequestTimeoutCheck()
  vi.advanceTimersByTime(1_000)
  expect(vi.getTimerCount()).toBe(0)
})
