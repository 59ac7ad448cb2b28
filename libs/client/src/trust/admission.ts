import type { ConfigDocument } from '#libs/contracts'
import type { HeldDocument } from '#libs/evaluation'

/** Trust boundary: every document passes here, from the stream and from disk alike, before anything reads it. */
export interface Admission {
  /** Verifies and decodes a document. Throws `SignatureError` for one that must not be applied; the previous one stays in force. */
  admit(document: ConfigDocument): HeldDocument
}
