/** Guards of tickets about runs. Same form as `GUARDS`. */
export const TICKET_GUARDS = [
  {
    name: 'ticket-allowed',
    guard: 'a ticket accepts only the decisions that it allows',
    without: 'true',
    spec: 'test/scenarios/tickets.spec.ts',
    test: 'is one that the ticket does not allow, one about another run, or an unsigned one',
  },
  {
    name: 'ticket-of-rollback',
    guard: 'an automatic rollback opens a review ticket',
    without: '',
    spec: 'test/scenarios/tickets.spec.ts',
    test: 'is rolled back first, then opens an emergency review, which a person accepts once',
  },
  {
    name: 'ticket-of-kept',
    guard: 'a release that rollout leaves in force after its run has ended opens a review ticket',
    without: '$1',
    spec: 'test/regressions/kept-after-the-end.spec.ts',
    test: 'opens a ticket when rollout reports the release that stays in force',
  },
]
