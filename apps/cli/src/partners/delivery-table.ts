import { NO_RUN, type DeliveryView } from '#libs/contracts'
import type { Column } from '../output/table.js'

/** Two columns: delivered is the server's response, acknowledged the partner's. */
export const DELIVERY_COLUMNS: Column<DeliveryView>[] = [
  { heading: 'PARTNER', cell: (delivery) => delivery.partner },
  { heading: 'RUN', cell: ({ run }) => (run === NO_RUN ? '–' : `#${run}`) },
  { heading: 'POLICY', cell: (delivery) => shortBundle(delivery) },
  { heading: 'CHANNEL', cell: (delivery) => delivery.channel },
  { heading: 'STATE', cell: (delivery) => delivery.state },
  { heading: 'ACKNOWLEDGED', cell: (delivery) => acknowledgement(delivery) },
  { heading: 'TRIES', cell: (delivery) => delivery.attempts },
  { heading: 'NEXT', cell: (delivery) => delivery.nextAttemptAt },
  { heading: 'LAST ANSWER', cell: (delivery) => lastAnswer(delivery) },
  { heading: 'ID', cell: (delivery) => delivery.id },
]

/** Shortens a bundle; the delivery itself lists all policies. */
function shortBundle({ policy, version, bundle }: DeliveryView): string {
  return `${policy}@${version}${bundle.length > 1 ? ` and ${bundle.length - 1} more` : ''}`
}

export function acknowledgement({ acknowledgedAt, acknowledgedBy }: DeliveryView): string | null {
  return acknowledgedAt === null ? null : `${acknowledgedAt} (${acknowledgedBy})`
}

function lastAnswer(delivery: DeliveryView): string | null {
  const parts = [delivery.lastStatus, delivery.lastDetail].filter((part) => part !== null)
  return parts.length === 0 ? null : parts.join(' ')
}
