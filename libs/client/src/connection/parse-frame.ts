import { HmsError, isObject, jsonIn, type StreamFrame } from '#libs/contracts'

const TYPES: readonly unknown[] = ['snapshot', 'change', 'heartbeat', 'goodbye']

/** Parses a frame and validates the members that are used; documents are verified on admission. Throws `HMS_STREAM_MALFORMED`. */
export function parseFrame(text: string): StreamFrame {
  const value = jsonIn(text)
  if (!isObject(value)) throw malformed()
  const frame = value as Partial<StreamFrame>
  const hasTypeAndRevision = TYPES.includes(frame.type) && Number.isSafeInteger(frame.revision)
  const hasNoDocuments = frame.type === 'heartbeat' || frame.type === 'goodbye'
  if (!hasTypeAndRevision || !(hasNoDocuments || Array.isArray(frame.documents))) throw malformed()
  const { type, revision, changes = [], documents = [], freshness, along, standing, retryMs } = frame as StreamFrame
  return {
    type,
    revision,
    changes,
    documents: hasNoDocuments ? [] : documents,
    ...(freshness === undefined ? {} : { freshness }),
    ...(Array.isArray(along) ? { along } : {}),
    ...(typeof standing === 'object' && standing !== null ? { standing } : {}),
    ...(typeof retryMs === 'number' && retryMs >= 0 ? { retryMs } : {}),
  }
}

function malformed(): HmsError {
  return new HmsError('HMS_STREAM_MALFORMED', 'the server sent a frame that is malformed', { status: 502 })
}
