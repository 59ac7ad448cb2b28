import { EVENT_TYPES, type VerifiedEvent } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { requireFit } from './event-fit.js'

describe('data of an event', () => {
  it.each(EVENT_TYPES)('of %s are held against the schema of their type', (type) => {
    const event = { type, data: null } as unknown as VerifiedEvent
    expect(() => requireFit(event, type)).toThrow(expect.objectContaining({ code: 'HMS_EVENT_SHAPE' }))
  })

  it('are taken where they fit, with members that this build does not know', () => {
    const event = { type: 'hms.simulation.started.v1', data: { run: 1, attempt: 1, more: true } } as unknown as VerifiedEvent
    expect(() => requireFit(event, 'hms.simulation.started.v1')).not.toThrow()
  })
})
