import { deepFreeze, HmsError, jsonTextOf, MAX_POLICIES_OF_READER } from '#libs/contracts'
import type { PaneMessage, PaneOptions } from './pane.js'

export const MAX_PANES = 256
const MAX_POLICIES = 256
const MAX_NAME = 100
const MAX_EVENT = 100
const MAX_MESSAGE_CHARACTERS = 64 * 1024
const RESERVED = /^(policy|bridge):/
const ID = /^[a-z0-9]+(-[a-z0-9]+)*$/

/** Validates a pane's options and removes duplicate ids. Throws `HMS_BRIDGE_PANE_INVALID`. */
export function readPaneOptions({ name = 'pane', policies }: PaneOptions): Required<PaneOptions> {
  const ids = Array.isArray(policies) ? [...new Set<string>(policies)] : []
  const isId = (id: unknown): boolean => typeof id === 'string' && id.length <= MAX_NAME && ID.test(id)
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME) throw invalid(`a pane's name has 1 to ${MAX_NAME} characters`)
  if (ids.length === 0 || ids.length > MAX_POLICIES) throw invalid(`a pane declares 1 to ${MAX_POLICIES} policy ids in policies: [...]`)
  const wrongId = ids.find((id) => !isId(id))
  if (wrongId !== undefined) throw invalid(`${String(wrongId).slice(0, MAX_NAME)} is not a policy id: lower-case words joined by hyphens`)
  return { name, policies: ids }
}

/** Returns the distinct policy ids that a connection follows. Throws `HMS_BRIDGE_PANE_INVALID` for more than 100. */
export function parsePolicyIds(policies: readonly string[]): readonly string[] {
  const ids = readPaneOptions({ policies }).policies
  if (ids.length > MAX_POLICIES_OF_READER)
    throw invalid(`openBridge({ policies }) must name 1 to ${MAX_POLICIES_OF_READER} policies; leave policies out to follow all`)
  return ids
}

/** Returns a frozen copy of a message for other panes. Throws `HMS_BRIDGE_EVENT_RESERVED` or `HMS_BRIDGE_MESSAGE_INVALID`. */
export function readMessage(event: string, message: PaneMessage): PaneMessage {
  if (RESERVED.test(event)) {
    const detail = `Only the bridge sends ${event}. Choose a name without the prefix policy: or bridge:.`
    throw new HmsError('HMS_BRIDGE_EVENT_RESERVED', detail, { status: 400 })
  }
  if (typeof event !== 'string' || event === '' || event.length > MAX_EVENT) throw wrong(`an event's name has 1 to ${MAX_EVENT} characters`)
  const text = jsonTextOf(message)
  if (text === undefined || text.length > MAX_MESSAGE_CHARACTERS) throw wrong('a message is a JSON object of at most 64 KiB')
  const copy = JSON.parse(text) as PaneMessage | null
  if (typeof copy !== 'object' || copy === null || typeof copy.id !== 'string') throw wrong('a message must name its policy: id')
  return deepFreeze(copy)
}

export function notDeclared(name: string, id: string): HmsError {
  return new HmsError('HMS_BRIDGE_NOT_DECLARED', `Pane ${name} did not declare ${id}: name it in policies when the pane joins.`, {
    status: 400,
  })
}

export function invalid(detail: string): HmsError {
  return new HmsError('HMS_BRIDGE_PANE_INVALID', `The pane cannot join: ${detail}.`, { status: 400 })
}

function wrong(detail: string): HmsError {
  return new HmsError('HMS_BRIDGE_MESSAGE_INVALID', `Nothing was sent: ${detail}.`, { status: 400 })
}

/** Returns an http or https origin. Throws `HMS_BRIDGE_PANE_INVALID` for `*`, `null` (a sandboxed frame), and a URL with a path. */
export function namedOrigin(text: unknown): string {
  try {
    const { origin, protocol } = new URL(String(text))
    if (origin === text && !origin.includes('*') && (protocol === 'https:' || protocol === 'http:')) return origin
  } catch {
    // Not a URL; refused below.
  }
  throw invalid(`${String(text).slice(0, 200)} is not an origin such as https://panes.example.gov`)
}
