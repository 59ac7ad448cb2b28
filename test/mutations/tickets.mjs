/** Who is asked about a run, and whose answer counts. */
export const TICKET_GUARDS = [
  {
    name: 'ticket-allowed',
    guard: 'a ticket takes the decisions that it names',
    without: 'true',
    spec: 'test/scenarios/tickets.spec.ts',
    test: 'is one that the ticket does not take, or about another run, or of nobody',
  },
  {
    name: 'ticket-of-rollback',
    guard: 'what automation took back is looked at by people',
    without: '',
    spec: 'test/scenarios/tickets.spec.ts',
    test: 'is rolled back first, then opens an emergency review, which a person accepts once',
  },
]
