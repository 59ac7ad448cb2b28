import { createHmac } from 'node:crypto'
import { canonicalJson, type Json, type JsonObject } from '#libs/contracts'
import { readRelease } from '#libs/signing'
import { contentsOf, type Attempt } from '../channel-sender.js'

/** Version of the package format. */
const FORM = '1.0'
const SENDER = 'hms-svc'

export interface A2aPackage {
  /** `ts`: time of this attempt, because `sig` covers no other time. */
  meta: { from: string; to: string; ts: string; ver: string }
  intent: string
  /** Payload with the members of a webhook body; `message` is the same on every attempt. */
  data: JsonObject
  tags: string[]
  /** HMAC-SHA256 in hex over the JCS form (RFC 8785) of the package without `sig`; the key is the secret as UTF-8. */
  sig: string
}

export function a2aPackage(attempt: Pick<Attempt, 'partner' | 'id' | 'body' | 'content' | 'timestamp'>, secret: string): A2aPackage {
  const { intent, ...facts } = (JSON.parse(attempt.body.toString()) as { data: JsonObject & { intent: string } }).data
  const unsigned = {
    meta: { from: SENDER, to: attempt.partner.id, ts: attempt.timestamp.toISOString(), ver: FORM },
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
