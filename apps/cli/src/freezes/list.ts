import { EXIT, type FreezeView } from '#libs/contracts'
import type { CliContext } from '../context.js'

export async function listFreezes(context: CliContext): Promise<number> {
  const client = await context.client()
  context.output.list(
    await client.get('/v1/freezes'),
    [
      { heading: 'FREEZE', cell: (freeze) => freeze.id },
      { heading: 'STATE', cell: (freeze) => freeze.state },
      { heading: 'SCOPE', cell: (freeze) => freeze.scope },
      { heading: 'NEXT', cell: nextOf },
      { heading: 'BY', cell: (freeze) => freeze.lifted?.by ?? freeze.by },
      { heading: 'REASON', cell: (freeze) => freeze.lifted?.reason ?? freeze.reason },
    ],
    'No freezes. Declare one: hms-svc freezes add FILE --sign NAME',
  )
  return EXIT.done
}

function nextOf({ state, next }: FreezeView): string | null {
  if (state === 'ACTIVE') return next === null ? 'until lifted' : `ends ${next}`
  return next === null ? null : `begins ${next}`
}
