/** Guards of topics that simulator reads. Same form as `GUARDS`. */
export const SIMULATION_GUARDS = [
  {
    name: 'beside-newest',
    guard: 'a gap in a topic that consumers read only for its newest records parks no event',
    without: "(cleanup === 'compact' && ageMs > RETENTION_MS / 2) ? 'skip' : $3",
    spec: 'test/contracts/event-consumer.spec.ts',
    test: 'of a topic where only the newest record counts is none, and an older record is dropped',
  },
]
