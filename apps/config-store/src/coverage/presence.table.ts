import { columns, documentTable } from '#libs/persistence'
import type { BotPresence } from './coverage.js'
import type { CountedReaders } from './seen-readers.js'

/** One instance of this service. Its reports count until `leaseUntil`. */
export interface Node {
  id: string
  leaseUntil: string
  /** Counts of its readers without a bot's name. */
  readers?: CountedReaders
}

export const NODES = documentTable<Node>({ name: 'node', id: (node) => node.id, keys: {} })

/** Part of an instance's bots, for other instances. A row per bot would cost a round trip each when a fleet acknowledges. */
export interface PresenceChunk {
  node: string
  chunk: number
  bots: BotPresence[]
}

export const PRESENCE = documentTable<PresenceChunk>({
  name: 'presence',
  id: ({ node, chunk }) => chunkId(node, chunk),
  keys: columns({ node: 'text' }),
  indexes: [['node']],
})

export function chunkId(node: string, chunk: number): string {
  return `${node}:${chunk}`
}

/** Named bot that disconnected before it had acknowledged what was in force for it. One row per bot, whichever instance it left. */
export interface LeftBot {
  bot: string
  region: string
  /** Store revision of its last acknowledgement; 0 if it acknowledged nothing. */
  revision: number
  /** Time at which it connected or last acknowledged. */
  since: string
  leftAt: string
  /** Policies in which it was behind, by id, with the release digest that it applied; at most `MAX_BEHIND`. */
  behind: { policy: string; digest: string | null }[]
}

/** Limit of policies stored per bot. */
export const MAX_BEHIND = 100
/** Limit of rows; beyond it the oldest are deleted. */
export const MAX_LEFT_BOTS = 10_000
/** Retention of the row of a bot that does not return, in ms. */
export const LEFT_BOTS_MS = 7 * 24 * 60 * 60 * 1_000

export const LEFT_BOTS = documentTable<LeftBot>({
  name: 'left_bot',
  id: ({ bot }) => bot,
  keys: columns({ leftAt: 'timestamptz' }),
  indexes: [['left_at'], ['put_at']],
  keep: { for: 'week' },
})
