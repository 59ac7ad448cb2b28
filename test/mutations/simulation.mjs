/** Guards of topics that simulator reads, and of its statements on trials. Same form as `GUARDS`. */
export const SIMULATION_GUARDS = [
  {
    name: 'replays-hold-no-timers',
    guard: 'replays that wait for the worker hold no place that deadlines need',
    without: ['outside(() => this.replay(simulation))', 'this.replay(simulation)'],
    spec: 'apps/simulator/src/simulations/run-simulation.spec.ts',
    test: 'delays no deadline, also of nine runs whose replays wait',
  },
  {
    name: 'beside-newest',
    guard: 'a gap in a topic that consumers read only for its newest records parks no event',
    without: "(cleanup === 'compact' && ageMs > RETENTION_MS / 2) ? 'skip' : $3",
    spec: 'test/contracts/event-consumer.spec.ts',
    test: 'of a topic where only the newest record counts is none, and an older record is dropped',
  },
  {
    name: 'trial-signer',
    guard: 'no statement on a trial counts unless simulator signed it',
    without: "JSON.parse(Buffer.from(envelope.payload, 'base64').toString()).predicate",
    spec: 'libs/signing/src/attestations/trial.spec.ts',
    test: 'is refused with the key of another service, and after each change of its bytes',
  },
  {
    name: 'trial-policies',
    guard: 'no statement on a trial counts for other policies',
    without: 'undefined',
    spec: 'libs/signing/src/attestations/trial.spec.ts',
    test: 'is refused for another value',
  },
  {
    name: 'trial-live',
    guard: 'no statement on a trial counts that compares with another version than the one in force',
    without: 'undefined',
    spec: 'libs/signing/src/attestations/trial.spec.ts',
    test: 'is refused for another version in force',
  },
]
