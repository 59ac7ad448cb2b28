/** Guards of the replay: what counts as evidence, and what its report may hang on. */
export const SIMULATION_GUARDS = [
  {
    name: 'beside-newest',
    guard: 'a gap in the state of a policy parks nothing',
    without: "(cleanup === 'compact' && ageMs > RETENTION_MS / 2) ? 'skip' : $3",
    spec: 'test/contracts/event-consumer.spec.ts',
    test: 'of a topic whose newest records count alone is none, and what is older comes too late',
  },
]
