import { EVENT_TYPES, type VerifiedEvent } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { requireValidData } from './event-schema.js'

describe('requireValidData', () => {
  it.each(EVENT_TYPES)('checks data of type %s against the schema of the type', (type) => {
    const event = { type, data: null } as unknown as VerifiedEvent
    expect(() => requireValidData(event, type)).toThrow(expect.objectContaining({ code: 'HMS_EVENT_SHAPE' }))
  })

  it('accepts data that fit the schema, with members that this build does not know', () => {
    const event = { type: 'hms.simulation.started.v1', data: { run: 1, attempt: 1, more: true } } as unknown as VerifiedEvent
    expect(() => requireValidData(event, 'hms.simulation.started.v1')).not.toThrow()
  })
})
