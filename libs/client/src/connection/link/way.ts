import { REVISION_HEADER, type AppliedFrame, type HmsError, type StreamFrame } from '#libs/contracts'
import type { Reader } from '#libs/evaluation'
import type { Clock } from '../../clock.js'

/**
 * A way by which frames come: `stream` is the WebSocket, on which alone a named bot acknowledges; `events` are Server-Sent Events; `poll`
 * asks again and again. What comes is the same, and verified the same, by each.
 */
export interface Way {
  /** How long after the beginning the first frame may come. */
  readonly firstMs: number
  /** How long after a frame the next one may come. */
  readonly silenceMs: number
  open(ask: Ask, events: SessionEvents): Session
}

export type WayName = 'stream' | 'events' | 'poll'

/** Whom to ask, and as whom. */
export interface Place {
  url: string
  reader: Reader
  /** Of a reader of a few. */
  policies?: readonly string[]
  token?: string
  clock: Clock
}

/** Where to go on. */
export interface Ask {
  /** What this reader has; `undefined` asks for a snapshot. */
  revision: number | undefined
  /** An instance that has not seen this revision should say so, and give nothing older. */
  atLeast: number | undefined
}

/** One connection, or one series of polls. */
export interface Session {
  /** Bytes so far. */
  readonly received: number
  /** On the stream alone; elsewhere nobody listens. */
  send(frame: AppliedFrame): void
  /** Ends it at once. */
  drop(): void
  /** Ends it in order; resolves when that is done, within a second. */
  close(): Promise<void>
}

export interface SessionEvents {
  /** The other side has agreed to speak. */
  opened(): void
  /** May throw: what is no frame ends the session as damaged. */
  frame(frame: StreamFrame): void
  closed(end: SessionEnd): void
}

/** How a session ended, or why it never began. */
export interface SessionEnd {
  reason: string
  /** Somebody is there, and this way does not lead through: another one may. */
  blocked?: boolean
  /** What was answered instead of frames. */
  refused?: HmsError
  /** A frame could not be applied: what is held may lack it, so the next session must start from a snapshot. */
  damaged?: boolean
  /** The server said goodbye and asked to come back after so long. */
  leaveMs?: number
}

const NOBODY: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ETIMEDOUT',
])

/** Whether nobody was there at all: then no other way leads further. */
export function isNobodyThere(error: unknown): boolean {
  return NOBODY.has((error as { code?: unknown } | null)?.code)
}

/** An answer that is none of ours came from somebody in between. */
export function isForeignAnswer({ code }: HmsError): boolean {
  return code === 'HMS_HTTP_UNEXPECTED' || code === 'HMS_UNREACHABLE'
}

/** The largest frame, by any way: a snapshot of all documents, about 4 KiB each. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024
export const MAX_REFUSAL_BYTES = 64 * 1024

export function addressOf({ url, reader, policies }: Place, path: string, revision: number | undefined): URL {
  const address = new URL(url + path)
  if (reader.bot !== undefined) address.searchParams.set('bot', reader.bot)
  if (reader.region !== undefined) address.searchParams.set('region', reader.region)
  if (policies !== undefined) address.searchParams.set('policies', policies.join())
  if (revision !== undefined) address.searchParams.set('revision', String(revision))
  return address
}

export function headersOf({ token }: Place, { atLeast }: Ask): Record<string, string> {
  return {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(atLeast === undefined || atLeast === 0 ? {} : { [REVISION_HEADER]: String(atLeast) }),
  }
}
