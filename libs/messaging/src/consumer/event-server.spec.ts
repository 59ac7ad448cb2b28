import { EVENT_TOPICS, SERVICES, STAGE_EVENTS, topicsOfType, type EventType, type ReceivedEvent } from '#libs/contracts'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { HandlerMethod } from './event-server.js'

describe('@OnEvent', () => {
  it('accepts, at compile time, only a method for its own event types', () => {
    type Takes<T extends EventType> = (event: ReceivedEvent<T>) => Promise<void>
    expectTypeOf<Takes<'hms.lint.passed.v1'>>().toExtend<HandlerMethod<'hms.lint.passed.v1'>>()
    expectTypeOf<Takes<'hms.lint.passed.v1' | 'hms.lint.failed.v1'>>().toExtend<HandlerMethod<'hms.lint.passed.v1'>>()
    expectTypeOf<Takes<'hms.lint.failed.v1'>>().not.toExtend<HandlerMethod<'hms.lint.passed.v1'>>()
  })

  it('subscribes to the topic of an event type, and for a stage event to each stage topic that the service reads', () => {
    for (const service of SERVICES) {
      expect(topicsOfType('hms.lint.passed.v1', service)).toEqual([EVENT_TOPICS['hms.lint.passed.v1']])
    }
    for (const type of STAGE_EVENTS) {
      expect(topicsOfType(type, 'approver')).toEqual([
        'hms.lint.v1',
        'hms.simulation.v1',
        'hms.canary.v1',
        'hms.rollout.v1',
        'hms.notification.v1',
      ])
      expect(topicsOfType(type, 'notifier')).toEqual(['hms.rollout.v1'])
      expect(topicsOfType(type, 'config-store')).toEqual([])
    }
  })
})
