import type { Envelope, peekPredicate } from '#libs/contracts'
import type { parsePolicy } from '#libs/policy'
import type { readRelease } from '#libs/signing'
import { frozen } from './frozen.js'
import { remembered } from './remembered.js'

// Readings of the same text, again and again, on its way through eight services and over the seeds. What is read is frozen: who changes
// what all share is to hear of it.

export function rememberReleases<T extends { readRelease: typeof readRelease }>(original: T): T {
  const read = remembered(
    (envelope) => {
      const release = original.readRelease(envelope)
      frozen(release.predicate)
      return release
    },
    (envelope: unknown) => (envelope as Envelope).payload,
  )
  return { ...original, readRelease: read }
}

export function rememberPeeks<T extends { peekPredicate: typeof peekPredicate }>(original: T): T {
  const peek = remembered(
    (envelope: Envelope) => frozen(original.peekPredicate(envelope)),
    ({ payload }) => payload,
  )
  return { ...original, peekPredicate: peek }
}

export function rememberPolicies<T extends { parsePolicy: typeof parsePolicy }>(original: T): T {
  const parse = remembered(
    (text: Uint8Array | string, file: string) => frozenSource(original.parsePolicy(text, file)),
    (text, file) => `${file} ${String(text)}`,
  )
  return { ...original, parsePolicy: parse }
}

function frozenSource(parsed: ReturnType<typeof parsePolicy>): ReturnType<typeof parsePolicy> {
  if (!parsed.ok) return parsed
  frozen(parsed.source.policy)
  return parsed
}
