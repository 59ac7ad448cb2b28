import { REVISION_HEADER, type AppliedFrame, type HmsError, type StreamFrame } from '#libs/contracts'
import type { Reader } from '#libs/evaluation'
import type { Clock } from '../../clock.js'

/**
 * Transport of frames: `stream` is the WebSocket, the only one on which a named bot acknowledges; `events` are server-sent events; `poll`
 * requests repeatedly. All deliver the same frames, verified alike.
 */
export interface Transport {
  /** Timeout of the connection, ms, if it is not the transport's own. */
  readonly openMs?: number
  /** Timeout of the first frame, ms. */
  readonly firstMs: number
  /** Timeout of each later frame, ms. */
  readonly silenceMs: number
  open(ask: ResumeRequest, events: SessionEvents): Session
}

export type TransportName = 'stream' | 'events' | 'poll'

/** Available transports, best first. */
export type Transports = Partial<Record<TransportName, Transport>>

/** Server, and the identity of the reader. */
export interface Target {
  url: string
  reader: Reader
  /** Policies of a reader that does not follow all. */
  policies?: readonly string[]
  token?: string
  clock: Clock
}

/** Point to resume from. */
export interface ResumeRequest {
  /** Revision of this reader; `undefined` requests a snapshot. */
  revision: number | undefined
  /** An instance behind this revision should respond with an error instead of older data. */
  atLeast: number | undefined
}

/** One connection, or one series of polls. */
export interface Session {
  /** Total bytes received. */
  readonly received: number
  /** Sends a frame on the stream; a no-op on other transports. */
  send(frame: AppliedFrame): void
  /** Ends the session immediately. */
  drop(): void
  /** Closes the session; resolves within a second. */
  close(): Promise<void>
}

export interface SessionEvents {
  /** The server has accepted the connection. */
  opened(): void
  /** May throw: an invalid frame ends the session as damaged. */
  frame(frame: StreamFrame): void
  closed(end: SessionEnd): void
}

/** Reason why a session ended or did not begin. */
export interface SessionEnd {
  reason: string
  /** The other side is reachable but this transport is blocked: another one may work. */
  blocked?: boolean
  /** Response received instead of frames. */
  refused?: HmsError
  /** A frame could not be applied, so the copy may lack it: the next session must start from a snapshot. */
  damaged?: boolean
  /** What was wrong with the frame. */
  error?: Error
  /** The server said goodbye and requested this wait before reconnecting, ms. */
  leaveMs?: number
}

const UNREACHABLE: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ETIMEDOUT',
])

/** Whether the server was unreachable: then no other transport works either. */
export function isUnreachable(error: unknown): boolean {
  return UNREACHABLE.has((error as { code?: unknown } | null)?.code)
}

/** Whether a response is from an intermediary instead of a server of ours. */
export function isForeignAnswer({ code }: HmsError): boolean {
  return code === 'HMS_HTTP_UNEXPECTED' || code === 'HMS_UNREACHABLE'
}

/** Largest frame on any transport: a snapshot of all documents, about 4 KiB each. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024
export const MAX_REFUSAL_BYTES = 64 * 1024

export function addressOf({ url, reader, policies }: Target, path: string, revision: number | undefined): URL {
  const address = new URL(url + path)
  if (reader.bot !== undefined) address.searchParams.set('bot', reader.bot)
  if (reader.region !== undefined) address.searchParams.set('region', reader.region)
  if (policies !== undefined) address.searchParams.set('policies', policies.join())
  if (revision !== undefined) address.searchParams.set('revision', String(revision))
  return address
}

export function headersOf({ token }: Target, { atLeast }: ResumeRequest): Record<string, string> {
  return {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(atLeast === undefined || atLeast === 0 ? {} : { [REVISION_HEADER]: String(atLeast) }),
  }
}
