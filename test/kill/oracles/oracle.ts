import type { Ledger } from '../load/ledger.js'
import type { Received } from '../load/partner.js'
import type { BotReader } from '../load/readers.js'
import type { Observer } from '../observer.js'
import type { TopicRecord } from './topic-log.js'

/** What an oracle may look at, after everything healed and nothing is under way. */
export interface Evidence {
  observer: Observer
  ledger: Ledger
  /** Every record of every topic of the catalogue, in the order of its partition. */
  log: readonly TopicRecord[]
  partner: Received
  readers: readonly BotReader[]
}

export interface Finding {
  /** How many things were looked at: an oracle that saw nothing proves nothing. */
  looked: number
  violations: string[]
}

export interface Oracle {
  name: string
  /** Checked again until it passes: work under way at one check is done at a later one, and lost work stays lost. */
  settles?: true
  check(evidence: Evidence): Promise<Finding>
}
