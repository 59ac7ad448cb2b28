import { ProviderEvents, type Logger } from '@openfeature/server-sdk'
import { expect, it, vi } from 'vitest'
import { ProviderEventsEmitter } from './provider-events.js'

it('calls the handlers of an event in the order of registration, and no others', () => {
  const events = new ProviderEventsEmitter()
  const seen: unknown[] = []
  events.addHandler(ProviderEvents.Stale, (details) => void seen.push(['first', details]))
  events.addHandler(ProviderEvents.Stale, (details) => void seen.push(['second', details]))
  events.addHandler(ProviderEvents.Ready, () => void seen.push('ready'))
  events.emitNamed('PROVIDER_STALE', { message: 'late' })
  expect(seen).toEqual([
    ['first', { message: 'late' }],
    ['second', { message: 'late' }],
  ])
})

it('logs the error of a handler that throws or rejects, and calls the others', async () => {
  const events = new ProviderEventsEmitter()
  const error = vi.fn()
  events.setLogger({ error, warn: vi.fn(), info: vi.fn(), debug: vi.fn() } satisfies Logger)
  const [thrown, rejected] = [new Error('thrown'), new Error('rejected')]
  let called = false
  events.addHandler(ProviderEvents.Error, () => {
    throw thrown
  })
  events.addHandler(ProviderEvents.Error, () => Promise.reject(rejected))
  events.addHandler(ProviderEvents.Error, () => void (called = true))
  events.emitNamed('PROVIDER_ERROR')
  await vi.waitFor(() => expect(error.mock.calls.map(([, given]) => given as unknown)).toEqual([thrown, rejected]))
  expect(called).toBe(true)
})

it('removes one handler, all of an event, or all; a handler that removes itself skips no other', () => {
  const events = new ProviderEventsEmitter()
  const seen: string[] = []
  const once = (): void => {
    seen.push('once')
    events.removeHandler(ProviderEvents.Ready, once)
  }
  const always = (): void => void seen.push('always')
  for (const handler of [once, always]) events.addHandler(ProviderEvents.Ready, handler)
  events.emitNamed('PROVIDER_READY')
  events.emitNamed('PROVIDER_READY')
  expect(seen).toEqual(['once', 'always', 'always'])
  events.addHandler(ProviderEvents.Stale, always)
  events.removeAllHandlers(ProviderEvents.Ready)
  expect([events.getHandlers(ProviderEvents.Ready), events.getHandlers(ProviderEvents.Stale)]).toEqual([[], [always]])
  events.removeAllHandlers()
  expect(events.getHandlers(ProviderEvents.Stale)).toEqual([])
})
