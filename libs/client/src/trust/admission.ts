import type { ConfigDocument } from '#libs/contracts'
import type { HeldDocument } from '#libs/evaluation'

/** The seam of trust: every document passes here, from the stream and from disk alike, before anything reads it. */
export interface Admission {
  /** The document taken apart. Throws `SignatureError` for one that must not be applied; what was held before stays in force. */
  admit(document: ConfigDocument): HeldDocument
}
