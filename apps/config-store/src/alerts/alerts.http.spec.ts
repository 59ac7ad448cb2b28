import { expect, it } from 'vitest'
import { ALERT_BYTES, AlertBytes } from './alerts.http.js'

const alert = (bot: string, text = 'x'.repeat(16_000)) => ({
  id: '1',
  bot,
  region: 'NCR',
  kind: 'Violation',
  reading: { text },
  value: null,
})

it('limits the bytes of one bot, reports when to retry, and does not affect other bots', () => {
  let nowMs = 0
  const bytes = new AlertBytes(() => nowMs)
  const waits: number[] = []
  const take = (bot: string): void => bytes.take(alert(bot), (seconds) => waits.push(seconds))
  const size = Buffer.byteLength(JSON.stringify(alert('a')))
  for (let n = 0; n < Math.floor(ALERT_BYTES.burst / size); n++) take('a')
  expect(() => take('a')).toThrow(expect.objectContaining({ code: 'HMS_ALERT_TOO_MANY', status: 429 }))
  take('b')
  nowMs += waits[0]! * 1_000
  take('a')
  expect(() => take('a')).toThrow(expect.objectContaining({ code: 'HMS_ALERT_TOO_MANY' }))
})
