/** `POST /v1/partners/{id}/test`. */
export interface PartnerTestRequest {
  /** One channel, by its name in lists. Without it all are tried. */
  channel?: string
  /** Where a webhook refuses our signature: try the usual mistakes of receivers, and say which one fits. */
  explain?: boolean
}

/** What came of a test message, through the sender of real ones. */
export interface PartnerTestResult {
  partner: string
  /** Id of the message, as real ones have one. */
  message: string
  /** All channels took it. */
  ok: boolean
  channels: ChannelTest[]
}

export interface ChannelTest {
  channel: string
  ok: boolean
  /** HTTP or SMTP status. */
  status: number | null
  latencyMs: number
  detail: string | null
  /** The first 4 KiB of the answer. */
  reply: string | null
  /** Where the connection went. */
  address: string | null
  explanation: RefusalExplanation | null
}

/** Which part of what is signed a receiver takes another way than Standard Webhooks says; `null`: none of the usual mistakes fits. */
export type Suspect = 'id' | 'time' | 'body' | 'secret'

export interface RefusalExplanation {
  suspect: Suspect | null
  detail: string
  /** The first characters of the secret that signed: enough to compare, and too few to sign with. */
  secretPrefix: string
  /** What was signed: `ID.TIMESTAMP.BODY`. */
  signed: { id: string; timestamp: string; bodySha256: string; bytes: number }
}

/** `GET /v1/webhook-keys`: what a receiver checks signatures of messages by. */
export interface WebhookKeyView {
  /** As the roster names it. */
  keyid: string
  /** `whpk_…`, for scheme `v1a` of Standard Webhooks. */
  webhook: string
  /** An OpenSSH public key line, for `ssh-keygen -Y verify` of files. */
  ssh: string
}
