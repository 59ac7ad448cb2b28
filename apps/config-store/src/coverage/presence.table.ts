import { documentTable } from '#libs/persistence'
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

/**
 * Part of one instance's connected bots, for the other instances. A row per bot would cost a round trip for each when a whole fleet
 * acknowledges at once.
 */
export interface PresenceChunk {
  node: string
  chunk: number
  bots: BotPresence[]
}

export const PRESENCE = documentTable<PresenceChunk>({
  name: 'presence',
  id: ({ node, chunk }) => chunkId(node, chunk),
  keys: { node: { type: 'text', of: ({ node }) => node } },
  indexes: [['node']],
})

export function chunkId(node: string, chunk: number): string {
  return `${node}:${chunk}`
}
