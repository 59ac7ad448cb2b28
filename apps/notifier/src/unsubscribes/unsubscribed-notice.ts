import { createHash } from 'node:crypto'
import { NO_RUN } from '#libs/contracts'
import type { UnsubscribedAddress } from '../channels/channel-sender.js'
import type { Notice } from '../delivery/notice.js'
import { unsubscribedSubject } from '../delivery/notified-policies.js'

/** Creates the notice for people on call that an address accepts no more mail since `at`. */
export function unsubscribedNotice(unsubscribed: UnsubscribedAddress, at: string): Notice {
  const { partner, address, otherChannels } = unsubscribed
  const hash = createHash('sha256')
    .update(JSON.stringify([partner.id, address, at]))
    .digest('hex')
  const notified = { policy: unsubscribedSubject(partner.id, address), version: at, digest: `sha256:${hash}` }
  const [type, mark] = ['partner.unsubscribed' as const, hash.slice(0, 16)]
  const facts = { intent: 'partner-unsubscribed', partner: partner.id, address, otherChannels }
  const nothing = { supersedes: [], bundle: [], release: null, replaced: null }
  return {
    notified,
    run: NO_RUN,
    stage: null,
    message: { id: `unsubscribed-${mark}`, type, ...notified, effective: at, at, ...nothing, unsubscribed },
    idFor: (to) => `unsubscribed_${mark}_${to}`,
    supersedes: () => [[]],
    body: (_supersedes, receipt) => JSON.stringify({ type, timestamp: at, data: { ...facts, receipt } }),
  }
}
