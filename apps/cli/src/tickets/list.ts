import { EXIT, type Ticket } from '#libs/contracts'
import type { CliContext } from '../context.js'

/** Open ones; with `all` those that were closed, too. As JSON always all of them: a program filters by `state`. */
export async function listTickets(context: CliContext, all: boolean): Promise<number> {
  const client = await context.client()
  const isAll = all || context.output.mode === 'json'
  context.output.list(
    await client.get<Ticket[]>('/v1/tickets', isAll ? {} : { state: 'OPEN' }),
    [
      { heading: 'TICKET', cell: ({ ticket }) => ticket },
      { heading: 'STATE', cell: ({ state }) => state },
      { heading: 'KIND', cell: ({ kind }) => kind },
      { heading: 'RUN', cell: ({ run }) => `#${run}` },
      { heading: 'EXPIRES', cell: ({ state, expiresAt }) => (state === 'OPEN' ? expiresAt : null) },
      { heading: 'POLICIES', cell: ({ policies }) => policies.map(({ id, version }) => `${id}@${version}`).join(', ') },
      { heading: 'DETAIL', cell: ({ detail }) => detail },
    ],
    isAll ? 'No tickets.' : 'No open tickets.',
  )
  return EXIT.done
}
