import type { DeliveryTry } from '#libs/contracts'
import { columns, documentTable } from '#libs/persistence'
import type { Outcome } from '../channels/channel-sender.js'

/** Complete record of one ended attempt: written once, and never changed. */
export interface Evidence extends DeliveryTry {
  delivery: string
}

export const EVIDENCE = documentTable<Evidence>({
  name: 'evidence',
  id: ({ delivery, at }) => `${delivery}@${at}`,
  keys: columns({ delivery: 'text', at: 'timestamptz' }),
  indexes: [['delivery', 'at']],
  keep: { for: 'runs' },
})

export function evidenceOf(delivery: string, outcome: Outcome, startedAt: Date): Evidence {
  const { status = null, latencyMs, detail = null, reply = null, address = null, tlsFingerprint = null, keyId = null } = outcome
  return { delivery, at: startedAt.toISOString(), status, latencyMs, detail, reply, address, tlsFingerprint, keyId }
}
