import type { HmsError } from '#libs/contracts'

/** What is asked of the server, whatever carries it. */
export interface StreamRequest {
  url: string
  token?: string
  region?: string
  /** A few of many; all when left out. */
  policies?: readonly string[]
  /** Where to go on; `undefined` asks for a snapshot. */
  revision: number | undefined
}

/** Why a connection ended. */
export interface LinkFailure {
  reason: string
  /** The server refused this page, with what it said. */
  refused?: HmsError
  /** A frame could not be applied: what is held may lack it, so the next connection must start from a snapshot. */
  damaged?: boolean
  /** The server said goodbye and asked to come back after so long. */
  leaveMs?: number
}

export interface TransportEvents {
  opened(): void
  /** Bytes of what may be a part of a frame; a browser's WebSocket shows none. */
  received(bytes: number): void
  /** One frame. */
  text(text: string): void
  /** Once, unless the transport was closed from here. */
  closed(failure: LinkFailure): void
}

/** A way to the server's stream. Nothing is told after `close`. */
export interface Transport {
  open(request: StreamRequest, events: TransportEvents): { close(): void }
}

/** In characters, as for a bot. */
export const MAX_FRAME_CHARACTERS = 64 * 1024 * 1024

export function addressOf(path: string, { url, region, policies, revision }: StreamRequest): URL {
  const address = new URL(path, url)
  if (region !== undefined) address.searchParams.set('region', region)
  if (policies !== undefined) address.searchParams.set('policies', policies.join(','))
  if (revision !== undefined) address.searchParams.set('revision', String(revision))
  return address
}
