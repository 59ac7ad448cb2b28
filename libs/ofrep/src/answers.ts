import { action, HmsError, type OfrepEventStream } from '#libs/contracts'
import type { Reader } from '#libs/evaluation'
import { isKnown } from '#libs/platform'
import type { FlagBook } from './flag-book.js'

/** Response to an evaluation. A 304 has no `body`: the result is unchanged since the reader's last request. */
export interface EvaluationResponse {
  status: 200 | 304
  etag: string
  body?: string
}

/** Evaluates one flag. `ifNoneMatch`: the request's `If-None-Match`. Throws 404 `HMS_POLICY_NOT_FOUND`. */
export function answerFlag(book: FlagBook, key: string, reader: Reader, ifNoneMatch?: string): EvaluationResponse {
  const flag = book.flag(key, reader)
  if (flag === undefined) {
    const detail = `No policy and no field of one that is in force for this context is called ${key}.`
    throw new HmsError('HMS_POLICY_NOT_FOUND', detail, { status: 404, next: [action('policies.list')] })
  }
  return answer(`"${flag.digest}"`, ifNoneMatch, () => flag.json)
}

/** Event stream of a reader. The ETag contains `owner`: a reader with a new key must not get a 304 and keep the old stream address. */
export interface OwnStream {
  stream: OfrepEventStream
  owner?: string
}

export function answerFlags(book: FlagBook, reader: Reader, ifNoneMatch?: string, own?: OwnStream): EvaluationResponse {
  const { json, digest } = book.flags(reader)
  const streams = own === undefined ? '' : `,"eventStreams":${JSON.stringify([own.stream])}`
  return answer(`"${digest}${own?.owner === undefined ? '' : `.${own.owner}`}"`, ifNoneMatch, () => `{"flags":[${json}]${streams}}`)
}

function answer(etag: string, ifNoneMatch: string | undefined, body: () => string): EvaluationResponse {
  return isKnown(etag, ifNoneMatch) ? { status: 304, etag } : { status: 200, etag, body: body() }
}

/** Time without activity after which a client may close the stream; sent with the stream's address. */
const INACTIVITY_SECONDS = 120

/** Returns the event stream of a reader as a path, so the reader uses the host it already calls. The result is constant for one `key`. */
export function eventStream(key?: string): OfrepEventStream {
  const requestUri = `/ofrep/v1/events${key === undefined ? '' : `?key=${key}`}`
  return { type: 'sse', endpoint: { requestUri }, inactivityDelaySec: INACTIVITY_SECONDS }
}
