/** Who is asked about a run, and whose answer counts. */
export const TICKET_GUARDS = [
  {
    name: 'ticket-first-answer',
    guard: 'the first answer to a ticket wins',
    file: 'libs/pipeline/src/tickets/ticket.ts',
    find: "return ticket.state === 'OPEN' ? { ...ticket, state: 'DECIDED',",
    replace: "return ticket.run > 0 ? { ...ticket, state: 'DECIDED',",
    spec: 'libs/pipeline/src/tickets/ticket.spec.ts',
    test: 'is the first answer: no later one, no expiry and nothing that the run does changes it',
  },
  {
    name: 'ticket-allowed',
    guard: 'a ticket takes the decisions that it names',
    file: 'apps/approver/src/reviews/decide-ticket.ts',
    find: '  if ((ticket.allowed as string[]).includes(decision)) return\n',
    replace: '  if (ticket.run > 0) return\n',
    spec: 'test/scenarios/tickets.spec.ts',
    test: 'is one that the ticket does not take, or about another run, or of nobody',
  },
  {
    name: 'ticket-of-rollback',
    guard: 'what automation took back is looked at by people',
    file: 'apps/approver/src/runs/save-run.ts',
    find: '      await this.followRun.execute(tx, before?.state, view)\n',
    replace: '',
    spec: 'test/scenarios/tickets.spec.ts',
    test: 'is rolled back first, then opens an emergency review, which a person accepts once',
  },
]
