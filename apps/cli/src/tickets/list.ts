import { EXIT, MAX_TICKETS_LISTED } from '#libs/contracts'
import type { CliContext } from '../context.js'

/** Lists open tickets; with `all` also closed ones. */
export async function listTickets(context: CliContext, all: boolean): Promise<number> {
  const client = await context.client()
  const tickets = await client.get('/v1/tickets', all ? {} : { state: 'OPEN' })
  context.output.list(
    tickets,
    [
      { heading: 'TICKET', cell: ({ ticket }) => ticket },
      { heading: 'STATE', cell: ({ state }) => state },
      { heading: 'KIND', cell: ({ kind }) => kind },
      { heading: 'RUN', cell: ({ run }) => `#${run}` },
      { heading: 'EXPIRES', cell: ({ state, expiresAt }) => (state === 'OPEN' ? expiresAt : null) },
      { heading: 'POLICIES', cell: ({ policies }) => policies.map(({ id, version }) => `${id}@${version}`).join(', ') },
      { heading: 'DETAIL', cell: ({ detail }) => detail },
    ],
    all ? 'No tickets.' : 'No open tickets.',
  )
  if (tickets.length === MAX_TICKETS_LISTED)
    context.output.note(`The newest ${MAX_TICKETS_LISTED} are shown; there may be older ones. One of them: hms-svc tickets show NUMBER`)
  return EXIT.done
}
