import type { Audience } from '#libs/contracts'
import type { HeadPredicate } from '#libs/signing'

/**
 * Port that counts the connected bots a head is about, over all instances: implemented where bots are known, called where heads are stored.
 */
export abstract class Audiences {
  abstract audienceOf(head: HeadPredicate): Audience
}
