import type { EventType, ReceivedEvent } from '#libs/contracts'

/** Event types that change the facts of a run. */
export const RUN_EVENTS = [
  'hms.lint.passed.v1',
  'hms.simulation.started.v1',
  'hms.simulation.passed.v1',
  'hms.canary.delayed.v1',
  'hms.canary.started.v1',
  'hms.canary.observation-started.v1',
  'hms.canary.step-passed.v1',
  'hms.canary.passed.v1',
  'hms.rollout.delayed.v1',
  'hms.rollout.started.v1',
  'hms.rollout.held.v1',
  'hms.rollout.took-effect.v1',
  'hms.rollout.bake-started.v1',
  'hms.rollout.completed.v1',
  'hms.rollout.reversed.v1',
  'hms.notification.started.v1',
  'hms.notification.completed.v1',
  'hms.notification.progressed.v1',
  'hms.lint.failed.v1',
  'hms.simulation.failed.v1',
  'hms.canary.failed.v1',
  'hms.rollout.failed.v1',
  'hms.simulation.paused.v1',
  'hms.canary.paused.v1',
  'hms.rollout.paused.v1',
  'hms.run.decision-applied.v1',
  'hms.run.decision-late.v1',
  'hms.guard.judged.v1',
  'hms.run.poisoned.v1',
] as const satisfies readonly EventType[]

type Part<E extends ReceivedEvent> = E extends unknown ? Pick<E, 'type' | 'time' | 'attempt' | 'data'> : never

/** Part of such an event that the run's facts use. */
export type RunEvent = Part<ReceivedEvent<(typeof RUN_EVENTS)[number]>>
