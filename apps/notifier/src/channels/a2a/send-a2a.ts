import type { A2aChannel } from '../../partners/channel.js'
import { type Attempt, type ChannelSender, contentsOf, type Outcome } from '../channel-sender.js'
import { HttpPost, type HttpPostOptions } from '../webhook/http-post.js'
import { webhookKeyId } from '../../partners/webhook-secret.js'
import { createHmac } from 'node:crypto'
import { canonicalJson, type Json, type JsonObject } from '#libs/contracts'
import { readRelease } from '#libs/signing'

/** Posts A2A packages by the same rules as webhooks: addresses, redirects, bounds, statuses, `Retry-After`. */
export class A2aSender implements ChannelSender<'a2a'> {
  private readonly http: HttpPost

  constructor(options: HttpPostOptions) {
    this.http = new HttpPost(options)
  }

  async send(attempt: Attempt<A2aChannel>, signal: AbortSignal): Promise<Outcome> {
    const { url, secret } = attempt.channel
    const body = packageText(attempt, secret)
    if (body === undefined) return { kind: 'refused', latencyMs: 0, detail: 'the message cannot be made into a package' }
    // Sent as a header, because the package has no member for the idempotency key. The key is the same on every attempt.
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

const PACKAGE_VERSION = '1.0'
const SENDER = 'hms-svc'

export interface A2aPackage {
  /** `ts`: time of this attempt, because `sig` covers no other time. */
  meta: { from: string; to: string; ts: string; ver: string }
  intent: string
  /** Data of the webhook body with the message id as `message`, which is the same on every attempt. */
  data: JsonObject
  tags: string[]
  /** HMAC-SHA256 in hex over the JCS form (RFC 8785) of the package without `sig`; the key is the secret as UTF-8. */
  sig: string
}

export function a2aPackage(attempt: Pick<Attempt, 'partner' | 'id' | 'body' | 'content' | 'timestamp'>, secret: string): A2aPackage {
  const { intent, ...facts } = (JSON.parse(attempt.body.toString()) as { data: JsonObject & { intent: string } }).data
  const unsigned = {
    meta: { from: SENDER, to: attempt.partner.id, ts: attempt.timestamp.toISOString(), ver: PACKAGE_VERSION },
    intent,
    data: { ...facts, message: attempt.id },
    tags: tagsOf(attempt),
  }
  return { ...unsigned, sig: packageSignature(unsigned, secret) }
}

/** Computes the signature of a package without its `sig`, ours or a partner's. Throws for a value that has no JCS form. */
export function packageSignature(unsigned: object, secret: string): string {
  return createHmac('sha256', secret).update(canonicalJson(unsigned)).digest('hex')
}

/** Returns the tags of the policies without duplicates; empty for a withdrawal. */
function tagsOf({ content }: Pick<Attempt, 'content'>): string[] {
  const all = contentsOf(content).flatMap(({ release }) => {
    const tags: Json | undefined = release === null ? undefined : readRelease(release.envelope).predicate.policy['tags']
    return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []
  })
  return [...new Set(all)]
}
