import { HmsError, type StreamFrame } from '#libs/contracts'

const TYPES: readonly unknown[] = ['snapshot', 'change', 'heartbeat', 'goodbye']

/** Parses a frame, validating the members that the stream itself uses; documents are verified one by one on admission. */
export function parseFrame(text: string): StreamFrame {
  const frame = parse(text)
  const whole = TYPES.includes(frame.type) && Number.isSafeInteger(frame.revision)
  const bringsNothing = frame.type === 'heartbeat' || frame.type === 'goodbye'
  if (!whole || !(bringsNothing || Array.isArray(frame.documents))) throw malformed()
  const { type, revision, changes = [], documents = [], freshness, along, standing, retryMs } = frame as StreamFrame
  return {
    type,
    revision,
    changes,
    documents: bringsNothing ? [] : documents,
    ...(freshness === undefined ? {} : { freshness }),
    ...(Array.isArray(along) ? { along } : {}),
    ...(typeof standing === 'object' && standing !== null ? { standing } : {}),
    ...(typeof retryMs === 'number' && retryMs >= 0 ? { retryMs } : {}),
  }
}

function parse(text: string): Partial<StreamFrame> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Partial<StreamFrame>
  } catch {
    // Not JSON: reported as malformed.
  }
  throw malformed()
}

function malformed(): HmsError {
  return new HmsError('HMS_STREAM_MALFORMED', 'the server sent a frame that is no frame of policies', { status: 502 })
}
