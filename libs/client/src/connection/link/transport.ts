import { readText, REVISION_HEADER, type AppliedFrame, type HmsError } from '#libs/contracts'
import type { Reader } from '#libs/evaluation'
import { errorOfResponse } from '../../api/problem-to-error.js'
import type { Clock } from '../../clock.js'

/** Transport of frames: WebSocket (`stream`, where bots acknowledge), server-sent events, or `poll`; all deliver the same frames. */
export interface Transport {
  /** Timeout of connecting in ms. Default: `firstMs`. */
  readonly openMs?: number
  /** Timeout of the first frame in ms. */
  readonly firstMs: number
  /** Timeout of each later frame in ms. */
  readonly silenceMs: number
  open(resume: ResumeRequest, session: Session): Connection
}

export type TransportName = 'stream' | 'events' | 'poll'

/** Available transports, best first. */
export type Transports = Partial<Record<TransportName, Transport>>

/** Server to connect to, and the identity of the reader. */
export interface Target {
  url: string
  reader: Reader
  /** Policies of the reader; absent for all. */
  policies?: readonly string[]
  token?: string
  clock: Clock
}

export interface ResumeRequest {
  /** Revision of this reader; `undefined` requests a snapshot. */
  revision: number | undefined
  /** Revision that the instance must have; an instance with an older one responds with an error instead of older data. */
  atLeast: number | undefined
}

/** One connection of a session, or one series of polls. */
export interface Connection {
  /** Returns the total bytes received. */
  received(): number
  /** Sends a frame; only `stream` can. */
  send?(frame: AppliedFrame): void
  /** Drops the connection immediately. */
  drop(): void
  /** Closes the connection within a second; if missing, `drop` is used. */
  close?(): Promise<void>
}

/** Receives the events of a connection. */
export interface Session {
  readonly frames: number
  readonly hasEnded: boolean
  /** Called when the server has accepted the connection. */
  opened(): void
  /** Delivers a frame and returns its revision; `undefined` for one that is invalid, which ends the session as damaged. */
  receive(text: string): number | undefined
  /** Ends the session and drops its connection. Later calls have no effect. */
  end(end: SessionEnd): void
}

/** Reason why a session ended or did not begin. */
export interface SessionEnd {
  reason: string
  /** The server is reachable but this transport is blocked, so another one may work. */
  blocked?: boolean
  /** Error from the response that was received instead of frames. */
  refused?: HmsError
  /** A frame could not be applied, so the next session must start from a snapshot. */
  damaged?: boolean
  /** Error of the invalid frame. */
  error?: Error
  /** Wait in ms before reconnecting, as requested by the server's goodbye. */
  reconnectAfterMs?: number
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

/** Whether the error shows an unreachable server, to which no other transport works either. */
export function isUnreachable(error: unknown): boolean {
  return UNREACHABLE.has((error as { code?: unknown } | null)?.code)
}

/** Size limit of a frame on any transport. The largest is a snapshot of all documents, about 4 KiB each. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024 // guard: snapshot-fits
const MAX_REFUSAL_BYTES = 64 * 1024

/** Response to a request; `type` is its content type. */
export interface TransportResponse {
  status: number
  type: string | null
  body: AsyncIterable<Uint8Array> | null
}

/** Reads a response that came instead of frames, from the server or from an intermediary. */
export async function refusalIn(url: string, { status, type, body }: TransportResponse): Promise<SessionEnd> {
  // For a truncated or endless body, only the status is used.
  const text = await readText(body, MAX_REFUSAL_BYTES).catch(() => '')
  const refused = errorOfResponse(url, status, type, text)
  return { reason: refused.message, refused, blocked: refused.code === 'HMS_HTTP_UNEXPECTED' || refused.code === 'HMS_UNREACHABLE' }
}

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
