import type { ConnectionEvents } from '#libs/client'
import { silentLogger, type Logger } from '#libs/platform'
import { expect, it } from 'vitest'
import { logConnection } from './serve-sidecar.js'

it('logs at most one error a second, with the number of errors since the last', () => {
  const warnings: unknown[] = []
  const log: Logger = { ...silentLogger, warn: (fields) => warnings.push(fields) }
  let [fail, now]: [(error: Error) => void, number] = [() => {}, 0]
  const on = <E extends keyof ConnectionEvents>(event: E, listener: (data: ConnectionEvents[E]) => void): (() => void) => {
    if (event === 'error') fail = listener as (error: Error) => void
    return () => {}
  }
  logConnection({ on }, log, () => now)
  for (const at of [0, 1, 999, 1_000]) {
    now = at
    fail(Object.assign(new Error('refused'), { code: 'HMS_HEAD_REPLAYED' }))
  }
  expect(warnings).toEqual([1, 3].map((count) => ({ code: 'HMS_HEAD_REPLAYED', error: 'refused', count })))
})
