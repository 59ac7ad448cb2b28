import type { DeliveryTry } from './deliveries.js'

/** Result of a test message, sent by the production sender. */
export interface PartnerTestResult {
  partner: string
  /** Id of the message, as in production messages. */
  message: string
  /** Whether all channels accepted it. */
  ok: boolean
  channels: ChannelTest[]
}

export interface ChannelTest extends Pick<DeliveryTry, 'status' | 'latencyMs' | 'detail' | 'reply' | 'address'> {
  channel: string
  ok: boolean
  explanation: RefusalExplanation | null
}

/** Part of the signed content that a receiver probably does not handle as Standard Webhooks specifies. */
export type Suspect = 'id' | 'time' | 'body' | 'secret'

export interface RefusalExplanation {
  suspect: Suspect | null
  detail: string
  /** First characters of the signing secret: enough to compare, too few to sign with. */
  secretPrefix: string
  /** Signed content, `ID.TIMESTAMP.BODY`. */
  signed: { id: string; timestamp: string; bodySha256: string; bytes: number }
}

/** Response of `GET /v1/webhook-keys`: a public key for verifying the signatures of messages. */
export interface WebhookKeyView {
  /** Key id in the roster. */
  keyid: string
  /** `whpk_…`, for scheme `v1a` of Standard Webhooks. */
  webhook: string
  /** OpenSSH public key line, for `ssh-keygen -Y verify` on files. */
  ssh: string
}
