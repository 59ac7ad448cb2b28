import type { Audience } from '#libs/contracts'
import type { HeadPredicate } from '#libs/signing'

/** Whom a head is about, of the bots that are connected to any instance: counted where bots are known, told where heads are stored. */
export abstract class Audiences {
  abstract audienceOf(head: HeadPredicate): Audience
}
