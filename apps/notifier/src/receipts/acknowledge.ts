import { HmsError, type ReceiptView } from '#libs/contracts'
import { Database, lockedDocument, type Transaction } from '#libs/persistence'
import { Injectable } from '@nestjs/common'
import type { IncomingHttpHeaders } from 'node:http'
import { DELIVERIES, type Delivery } from '../delivery/delivery.table.js'
import { DeliveryLanes } from '../delivery/delivery-lanes.js'
import { receiptId } from '../delivery/receipt-token.js'
import { RECEIPTS, type Receipt } from '../delivery/receipt.table.js'
import { bundleOf, lockKeysOf } from '../delivery/notified-policies.js'
import { liveSecrets, type ChannelKind } from '../partners/channel.js'
import { channelOf, PARTNERS } from '../partners/partner.table.js'
import { openChannel } from '../secrets/sealed-channels.js'
import { SecretBox } from '../secrets/secret-box.js'
import { MAX_TEXT, type AcknowledgementDto } from './receipts.dto.js'
import { verifyCallback, verifyPackage } from './verify-callback.js'

/** Call by a partner; `body` as raw bytes, for its signature. */
export interface Callback {
  headers: IncomingHttpHeaders
  body: Buffer
  dto: AcknowledgementDto
}

/** `secrets`: valid signing secrets of a call; `null` if the channel has none. */
type Found = { delivery: Delivery; kind: ChannelKind; secrets: string[] | null }

/**
 * Reads and acknowledges a receipt by its token. A channel with a secret accepts only a signed call, because URLs appear in the logs of
 * proxies and secrets do not. The link of a mail has only its token.
 */
@Injectable()
export class Acknowledge {
  constructor(
    private readonly database: Database,
    private readonly lanes: DeliveryLanes,
    private readonly box: SecretBox,
  ) {}

  /** Returns the receipt without changing it: a scanner that opens a link before a person does must not acknowledge. */
  async read(token: string): Promise<ReceiptView> {
    return this.database.transaction(async (tx) => viewOf(await this.find(tx, await receiptOf(tx, token))))
  }

  /**
   * Records the first acknowledgement; later calls return it. Throws 404 `HMS_RECEIPT_UNKNOWN` for a token that is unknown, expired or
   * malformed, 401 `HMS_RECEIPT_SIGNATURE`, 422 `HMS_RECEIPT_OTHER` for a signed call about another message.
   */
  async acknowledge(token: string, { headers, body, dto }: Callback): Promise<ReceiptView> {
    return this.database.transaction(async (tx) => {
      const receipt = await receiptOf(tx, token)
      await lockedDocument(tx, DELIVERIES, receipt.delivery, lockKeysOf)
      const found = await this.find(tx, receipt)
      const { delivery, secrets } = found
      const keyId = secrets === null ? null : requireSigned(found, secrets, { headers, body }, tx.now) // guard: receipt-signature
      const { acknowledged, note } = messageAndNoteOf(dto)
      // guard: receipt-message
      if (acknowledged !== undefined ? acknowledged !== delivery.messageId : secrets !== null) {
        const detail = `acknowledged must be the webhook-id of the message: ${delivery.messageId}.`
        throw new HmsError('HMS_RECEIPT_OTHER', detail, { status: 422, errors: [{ pointer: '/acknowledged', detail }] })
      }
      const way = secrets === null ? ('link' as const) : ('callback' as const)
      const after = await this.lanes.acknowledge(tx, delivery, { way, keyId, note: note ?? null })
      return viewOf({ ...found, delivery: after })
    })
  }

  private async find(tx: Transaction, receipt: Receipt): Promise<Found> {
    const delivery = await tx.documents(DELIVERIES).get(receipt.delivery)
    const partner = delivery === undefined ? undefined : await tx.documents(PARTNERS).get(delivery.partner)
    const channel = delivery === undefined || partner === undefined ? undefined : channelOf(partner, delivery.channel)
    if (delivery === undefined || channel === undefined) throw unknown()
    const clear = await openChannel(this.box, delivery.partner, channel)
    const { kind } = clear
    if (kind === 'webhook') return { delivery, kind, secrets: liveSecrets(clear, tx.now) }
    return { delivery, kind, secrets: 'secret' in clear ? [clear.secret] : null }
  }
}

async function receiptOf(tx: Transaction, token: string): Promise<Receipt> {
  const receipt = await tx.documents(RECEIPTS).get(receiptId(token))
  if (receipt === undefined || Date.parse(receipt.expiresAt) <= tx.now.getTime()) throw unknown() // guard: receipt-life
  return receipt
}

/** Requires the signature scheme of the channel's messages: a signed webhook for a webhook, a signed package for the other two. */
function requireSigned({ kind }: Found, secrets: readonly string[], { headers, body }: Omit<Callback, 'dto'>, now: Date): string {
  const verified = kind === 'webhook' ? verifyCallback(secrets, headers, body, now) : verifyPackage(secrets[0]!, body, now)
  if (verified.ok) return verified.keyId
  throw new HmsError('HMS_RECEIPT_SIGNATURE', verified.detail, { status: 401 })
}

/** Reads the acknowledgement; a package has it in its `data`. */
function messageAndNoteOf({ acknowledged, note, data }: AcknowledgementDto): { acknowledged?: string; note?: string } {
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value.slice(0, MAX_TEXT).toWellFormed() : undefined)
  return { acknowledged: acknowledged ?? text(data?.['acknowledged']), note: note ?? text(data?.['note']) }
}

/** One error for unknown, expired and malformed tokens. */
function unknown(): HmsError {
  const detail = 'No message has this receipt. It is the one at the end of the address in the message, and counts for 30 days.'
  return new HmsError('HMS_RECEIPT_UNKNOWN', detail, { status: 404 })
}

function viewOf({ delivery, secrets }: Found): ReceiptView {
  const { partner, policy, version, messageId, acknowledged } = delivery
  return {
    partner,
    policy,
    version,
    bundle: bundleOf(delivery),
    messageId,
    acknowledgedAt: acknowledged?.at ?? null,
    signed: secrets !== null,
  }
}
