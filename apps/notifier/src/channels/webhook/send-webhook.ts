import type { RefusalExplanation } from '#libs/contracts'
import type { Signer } from '#libs/signing'
import { liveSecrets, type WebhookChannel } from '../../partners/channel.js'
import type { Attempt, ChannelSender, Outcome } from '../channel-sender.js'
import { explainRefusal } from './explain-refusal.js'
import { HttpPost, type HttpAnswer, type HttpPostOptions } from './http-post.js'
import { type SignedWebhook, signWebhook, type WebhookHeaders, withEd25519 } from './standard-webhooks.js'
import { webhookKeyId } from '../../partners/webhook-secret.js'

/** `signer`: also signs each message by scheme `v1a`. */
export type UndiciSenderOptions = HttpPostOptions & { signer?: Signer }

export class UndiciWebhookSender implements ChannelSender<'webhook'> {
  private readonly http = new HttpPost(this.options)

  constructor(private readonly options: UndiciSenderOptions) {}

  async send(attempt: Attempt<WebhookChannel>, signal: AbortSignal): Promise<Outcome> {
    const signed = await this.sign(attempt)
    if (!signed.ok) return { kind: 'refused', latencyMs: 0, detail: signed.detail }
    return (await this.sendSigned(attempt, signed.headers, signal)).outcome
  }

  async explain(attempt: Attempt<WebhookChannel>, signal: AbortSignal): Promise<RefusalExplanation | undefined> {
    const signed = await this.sign(attempt)
    if (!signed.ok) return undefined
    const { receiverClock } = await this.sendSigned(attempt, signed.headers, signal)
    return explainRefusal(attempt, attempt.channel.secret, receiverClock, async (headers) => {
      return (await this.sendSigned(attempt, headers, signal)).outcome.kind === 'delivered'
    })
  }

  close(): Promise<void> {
    return this.http.close()
  }

  private sendSigned(
    { channel, networks, body }: Attempt<WebhookChannel>,
    headers: WebhookHeaders,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    return this.http.send({ url: channel.url, networks, headers: { ...headers }, body, keyId: webhookKeyId(channel.secret) }, signal)
  }

  private async sign(attempt: Attempt<WebhookChannel>): Promise<SignedWebhook> {
    const { signer } = this.options
    const signed = signWebhook({ ...attempt, secrets: liveSecrets(attempt.channel, attempt.timestamp) })
    if (!signed.ok || signer === undefined) return signed
    return { ok: true, headers: await withEd25519(signed.headers, attempt.body, signer) }
  }
}
