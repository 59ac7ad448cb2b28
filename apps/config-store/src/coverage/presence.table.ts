import { documentTable } from '#libs/persistence'
import type { BotPresence } from './coverage.js'
import type { CountedReaders } from './seen-readers.js'

/** One instance of this service. What it told counts until `leaseUntil`. */
export interface Node {
  id: string
  leaseUntil: string
  /** Its readers without a bot's name. */
  readers?: CountedReaders
}

export const NODES = documentTable<Node>({ name: 'node', id: (node) => node.id, keys: {} })

/**
 * A part of one instance's connected bots, for the other instances. A row per bot would cost a round trip for each when a fleet
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
