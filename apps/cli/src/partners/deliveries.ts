import { EXIT, type DeliveryView } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requireName } from '../errors.js'

export async function listDeliveries(context: CliContext, partner: string | undefined): Promise<number> {
  if (partner !== undefined) requireName(partner, 'the id of a partner', 'hms-svc partners list')
  const client = await context.client()
  context.output.list(
    await client.get<DeliveryView[]>('/v1/deliveries', { partner }),
    [
      { heading: 'PARTNER', cell: (delivery) => delivery.partner },
      { heading: 'RUN', cell: (delivery) => `#${delivery.run}` },
      { heading: 'POLICY', cell: (delivery) => `${delivery.policy}@${delivery.version}` },
      { heading: 'CHANNEL', cell: (delivery) => delivery.channel },
      { heading: 'STATE', cell: (delivery) => delivery.state },
      { heading: 'TRIES', cell: (delivery) => delivery.attempts },
      { heading: 'NEXT', cell: (delivery) => delivery.nextAttemptAt },
      { heading: 'LAST ANSWER', cell: (delivery) => lastAnswer(delivery) },
    ],
    partner === undefined ? 'Nothing was sent yet.' : `Nothing was sent to ${partner} yet.`,
  )
  return EXIT.done
}

function lastAnswer(delivery: DeliveryView): string | null {
  const parts = [delivery.lastStatus, delivery.lastDetail].filter((part) => part !== null)
  return parts.length === 0 ? null : parts.join(' ')
}
