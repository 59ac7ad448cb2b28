import { EXIT } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requireName } from '../errors.js'

/** Makes config-store restore one policy to its signed state; prints where each document was found. */
export async function restorePolicy(context: CliContext, id: string, { reason }: { reason?: string }): Promise<number> {
  requireName(id, 'the id of a policy', 'hms-svc policies list')
  const client = await context.client()
  const restored = await client.post('/v1/policies/{id}/restore', { reason }, { params: { id } })
  context.output.list(
    restored,
    [
      { heading: 'PLACE', cell: ({ place }) => place },
      { heading: 'HEAD', cell: ({ seq }) => seq },
      { heading: 'FOUND IN', cell: ({ from }) => from },
    ],
    `There is no policy ${id}.`,
  )
  return EXIT.done
}
