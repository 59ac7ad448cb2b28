import { action, HmsError, LADDER, type PartnerSummary, type UnsubscribeView, NO_RUN } from '#libs/contracts'
import { Outbox, policyKey } from '#libs/messaging'
import { Database, type Transaction } from '#libs/persistence'
import { Logger } from '#libs/platform'
import { Injectable } from '@nestjs/common'
import { DeliveryLanes } from '../delivery/delivery-lanes.js'
import { unsubscribedSubject } from '../delivery/notified-policies.js'
import { channelNames } from '../partners/channel.js'
import {
  allPartners,
  mailAddresses,
  partnerKey,
  PARTNERS,
  registeredPartner,
  summaryOf,
  unsubscribedAt,
  type RegisteredPartner,
} from '../partners/partner.table.js'
import { SecretBox } from '../secrets/secret-box.js'
import { openAddressee, type Addressee } from '../secrets/unsubscribe-token.js'
import { createHash } from 'node:crypto'
import type { UnsubscribedAddress } from '../channels/channel-sender.js'
import type { Notice } from '../delivery/news.js'

/** Stops mail to one address of a partner at the partner's request, and resumes mail at the agency's request. */
@Injectable()
export class Unsubscribe {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly log: Logger,
    private readonly box: SecretBox,
    private readonly lanes: DeliveryLanes,
  ) {}

  /** Returns the state without changing it: a scanner that opens a link before a person does must not unsubscribe. */
  async read(token: string): Promise<UnsubscribeView> {
    const addressee = await this.addresseeOf(token)
    return this.database.transaction(async (tx) => viewOf(addressee, await this.find(tx, addressee)))
  }

  /** Records the first unsubscribe; later calls return it. Throws 404 `HMS_UNSUBSCRIBE_UNKNOWN`. */
  async unsubscribe(token: string): Promise<UnsubscribeView> {
    const addressee = await this.addresseeOf(token)
    const { partner: id, address } = addressee
    return this.database.locked([partnerKey(id), policyKey(unsubscribedSubject(id, address))], async (tx) => {
      const partner = await this.find(tx, addressee)
      if (unsubscribedAt(partner, address) !== null) return viewOf(addressee, partner)
      const at = tx.now.toISOString()
      const after = { ...partner, unsubscribed: [...(partner.unsubscribed ?? []), { address, at }] }
      await tx.documents(PARTNERS).put(after)
      await this.outbox.emit(tx, 'hms.partner.unsubscribed.v1', { partner: id, address, at }, { key: id })
      await this.notifyOnCall(tx, after, address)
      tx.afterCommit(() => this.log.warn({ partner: id, address }, 'a partner no longer accepts mail at this address'))
      return viewOf(addressee, after)
    })
  }

  /** Resumes mail at the agency's request, with a reason in the audit trail. An address that accepts mail is returned unchanged. */
  async resubscribe(id: string, { address, reason, by }: { address: string; reason: string; by: string }): Promise<PartnerSummary> {
    return this.database.locked([partnerKey(id)], async (tx) => {
      const partner = await registeredPartner(tx, id)
      if (!mailAddresses(partner).includes(address)) {
        const detail = `${id} has no address ${address}; it has ${mailAddresses(partner).join(', ') || 'none'}.`
        throw new HmsError('HMS_PARTNER_CHANNEL_UNKNOWN', detail, { status: 404, next: [action('partners.list.json')] })
      }
      if (unsubscribedAt(partner, address) === null) return summaryOf(partner)
      const after = { ...partner, unsubscribed: (partner.unsubscribed ?? []).filter((each) => each.address !== address) }
      await tx.documents(PARTNERS).put(after)
      const data = { partner: id, address, by, reason, at: tx.now.toISOString() }
      await this.outbox.emit(tx, 'hms.partner.resubscribed.v1', data, { key: id })
      return summaryOf(after)
    })
  }

  /** Notifies people on call immediately, not at the next message: policies still bind a partner that receives no mail about them. */
  private async notifyOnCall(tx: Transaction, partner: RegisteredPartner, address: string): Promise<void> {
    const [onCall] = LADDER
    const people = (await allPartners(tx)).filter(({ groups }) => groups.includes(onCall))
    const { id, name, channels } = partner
    const otherChannels = channelNames(channels).filter((_, index) => {
      const channel = channels[index]!
      return channel.kind !== 'email' || unsubscribedAt(partner, channel.to) === null
    })
    if (people.length === 0) {
      const fields = { partner: id, group: onCall }
      return tx.afterCommit(() => this.log.warn(fields, 'an unsubscribe notifies no partner: this group is empty'))
    }
    await this.lanes.add(tx, unsubscribedNotice({ partner: { id, name }, address, otherChannels }, tx.now.toISOString()), people)
  }

  private async addresseeOf(token: string): Promise<Addressee> {
    const addressee = await openAddressee(this.box, token)
    if (addressee === undefined) throw unknown()
    return addressee
  }

  private async find(tx: Transaction, { partner: id, address }: Addressee): Promise<RegisteredPartner> {
    const partner = await tx.documents(PARTNERS).get(id)
    if (partner === undefined || !mailAddresses(partner).includes(address)) throw unknown()
    return partner
  }
}

function viewOf({ partner, address }: Addressee, registered: RegisteredPartner): UnsubscribeView {
  return { partner, address, unsubscribedAt: unsubscribedAt(registered, address) }
}

/** One error for every invalid token. */
function unknown(): HmsError {
  const detail = 'This link belongs to no registered address. Open it exactly as in the mail; it ends when the address is removed.'
  return new HmsError('HMS_UNSUBSCRIBE_UNKNOWN', detail, { status: 404 })
}

/** Creates the notice for people on call that an address has accepted no mail since `at`. */
function unsubscribedNotice(unsubscribed: UnsubscribedAddress, at: string): Notice {
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
