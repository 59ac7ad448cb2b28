import { peekPredicate, type ConfigDocument, type JsonObject } from '#libs/contracts'
import { digestOf, type HeadPredicate } from '#libs/signing'

/** The seam of trust: every document passes here, from the stream and from disk alike, before anything reads it. */
export interface Admission {
  /** A document that is refused is dropped, and what was held before stays in force. */
  admit(document: ConfigDocument): boolean
}

/**
 * Integrity only: the release is the one that head and document name, and the head speaks for this policy, scope and
 * place. It finds a damaged copy, not a forged one.
 */
export const integrityAdmission: Admission = {
  admit(document) {
    try {
      const head = peekPredicate<HeadPredicate>(document.head)
      if (head.policy !== document.id || head.scope !== document.scope || head.seq !== document.seq) return false
      if (!Number.isSafeInteger(head.seq) || head.current !== document.digest) return false
      if (document.release === null) return true
      if (digestOf(Buffer.from(document.release.payload, 'base64')) !== document.digest) return false
      return peekPredicate<{ policy: JsonObject }>(document.release).policy['id'] === document.id
    } catch {
      // Not a document at all: what a reader cannot take apart it must not apply.
      return false
    }
  },
}
