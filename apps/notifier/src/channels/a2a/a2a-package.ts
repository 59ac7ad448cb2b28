import { createHmac } from 'node:crypto'
import { canonicalJson, type Json, type JsonObject } from '#libs/contracts'
import { readRelease } from '#libs/signing'
import { contentsOf, type Attempt } from '../channel-sender.js'

/** Of the form of the package. */
const FORM = '1.0'
const SENDER = 'hms-svc'

export interface A2aPackage {
  /** `ts`: when this try is made, since it is the only time that `sig` vouches for. */
  meta: { from: string; to: string; ts: string; ver: string }
  intent: string
  /** As in the body of a webhook; `message` is the same on every try. */
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

/** Of a package without `sig`, ours or a partner's. Throws for what has no JCS form. */
export function packageSignature(unsigned: object, secret: string): string {
  return createHmac('sha256', secret).update(canonicalJson(unsigned)).digest('hex')
}

/** Those of the policies, each once; a withdrawal has none. */
function tagsOf({ content }: Pick<Attempt, 'content'>): string[] {
  const all = contentsOf(content).flatMap(({ release }) => {
    const tags: Json | undefined = release === null ? undefined : readRelease(release.envelope).predicate.policy['tags']
    return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []
  })
  return [...new Set(all)]
}
