import type { HmsError } from '#libs/contracts'

/** Request for the server's stream, independent of the transport. */
export interface StreamRequest {
  url: string
  token?: string
  region?: string
  /** Policies of the reader; default: all. */
  policies?: readonly string[]
  /** Revision to resume from; `undefined` requests a snapshot. */
  revision: number | undefined
}

/** Why a connection ended. */
export interface LinkFailure {
  reason: string
  /** The server's refusal of this page. */
  refused?: HmsError
  /** A frame could not be applied, so the copy may lack it: the next connection must start from a snapshot. */
  damaged?: boolean
  /** The server said goodbye and requested this wait before reconnecting, ms. */
  leaveMs?: number
}

export interface TransportEvents {
  opened(): void
  /** Bytes of a partial frame; a browser's WebSocket reports none. */
  received(bytes: number): void
  /** One complete frame. */
  text(text: string): void
  /** Called once, unless the transport was closed locally. */
  closed(failure: LinkFailure): void
}

/** Transport of the server's stream. No event follows `close`. */
export interface Transport {
  open(request: StreamRequest, events: TransportEvents): { close(): void }
}

/** Limit in characters, as for a bot. */
export const MAX_FRAME_CHARACTERS = 64 * 1024 * 1024

export function addressOf(path: string, { url, region, policies, revision }: StreamRequest): URL {
  const address = new URL(path, url)
  if (region !== undefined) address.searchParams.set('region', region)
  if (policies !== undefined) address.searchParams.set('policies', policies.join(','))
  if (revision !== undefined) address.searchParams.set('revision', String(revision))
  return address
}
