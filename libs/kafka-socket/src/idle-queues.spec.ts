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

it('a connection with nothing to send keeps no timer', () => {
  push(1)
  answer(1)
  expect(sent).toEqual([1])
  expect(vi.getTimerCount()).toBe(0)
})

it('what waits for its turn goes out when the one before is answered', () => {
  push(1)
  push(2)
  answer(1)
  expect(sent).toEqual([1, 2])
  answer(2)
  vi.runAllTimers()
  expect(vi.getTimerCount()).toBe(0)
})

it('what the broker has us hold back goes out once that time is over, also when nothing else happens', () => {
  queue.maybeThrottle(500)
  push(1)
  expect(sent).toEqual([])
  vi.advanceTimersByTime(510)
  expect(sent).toEqual([1])
  answer(1)
  expect(vi.getTimerCount()).toBe(0)
})

it('a request without an answer in time is given up, and looked for once a second', () => {
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

it('a connection that ended keeps no timer', () => {
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
