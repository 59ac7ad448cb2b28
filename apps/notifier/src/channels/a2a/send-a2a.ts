import type { A2aChannel } from '../../partners/channel.js'
import { webhookKeyId } from '../../partners/webhook-key-id.js'
import type { Attempt, ChannelSender, Outcome } from '../channel-sender.js'
import { HttpPost, type HttpPostOptions } from '../webhook/http-post.js'
import { a2aPackage } from './a2a-package.js'

/** Posts the package of the integration layer under the rules of webhooks: addresses, redirects, bounds, statuses, `Retry-After`. */
export class A2aSender implements ChannelSender<'a2a'> {
  private readonly http: HttpPost

  constructor(options: HttpPostOptions) {
    this.http = new HttpPost(options)
  }

  async send(attempt: Attempt<A2aChannel>, signal: AbortSignal): Promise<Outcome> {
    const { url, secret } = attempt.channel
    const body = packageText(attempt, secret)
    if (body === undefined) return { kind: 'refused', latencyMs: 0, detail: 'the message cannot be made into a package' }
    // The package has no member for the idempotency key; the key is the same on every attempt.
    const headers = { 'idempotency-key': attempt.id }
    return (await this.http.send({ url, networks: attempt.networks, headers, body, keyId: webhookKeyId(secret) }, signal)).outcome
  }

  close(): Promise<void> {
    return this.http.close()
  }
}

function packageText(attempt: Attempt<A2aChannel>, secret: string): Buffer | undefined {
  try {
    return Buffer.from(JSON.stringify(a2aPackage(attempt, secret)))
  } catch {
    return undefined
  }
}
