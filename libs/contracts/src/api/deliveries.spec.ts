import { describe, expect, it } from 'vitest'
import { replyAcknowledges } from './deliveries.js'

describe('replyAcknowledges', () => {
  it.each([
    ['{"acknowledged":true}', true],
    ['{"acknowledged":"run_184_pm25_va-deq","case":7}', true],
    ['{"acknowledged":"run_183_pm25_va-deq"}', false],
    ['{"acknowledged":1}', false],
    ['{"type":"policy.updated","data":{"acknowledged":true}}', false],
    ['{"meta":{},"intent":"acknowledge","data":{"acknowledged":"run_184_pm25_va-deq"}}', true],
    ['{"meta":{},"data":null}', false],
    ['[{"acknowledged":true}]', false],
    ['"acknowledged"', false],
    ['null', false],
    ['OK', false],
    ['', false],
    ['{"acknowledged":true', false],
  ])('for the response %s is %s', (reply, expected) => {
    expect(replyAcknowledges(reply, 'run_184_pm25_va-deq')).toBe(expected)
  })
})
