import { EXIT } from '#libs/contracts'
import type { CliContext } from '../context.js'

export async function listPartners(context: CliContext): Promise<number> {
  const client = await context.client()
  context.output.list(
    await client.get('/v1/partners'),
    [
      { heading: 'PARTNER', cell: (partner) => partner.id },
      { heading: 'LANE', cell: (partner) => partner.lane },
      { heading: 'GROUPS', cell: (partner) => partner.groups.join(', ') },
      { heading: 'NEWS', cell: ({ onlyWhereNamed }) => (onlyWhereNamed === true ? 'where named (on call)' : 'all') },
      { heading: 'CHANNELS', cell: (partner) => partner.channels.join(', ') },
      { heading: 'UNSUBSCRIBED', cell: (partner) => partner.unsubscribed.map(({ address }) => address).join(', ') },
      { heading: 'NAME', cell: (partner) => partner.name },
    ],
    'No partners yet. Register one: hms-svc partners add FILE',
  )
  return EXIT.done
}
