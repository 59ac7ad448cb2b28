import { HmsError, type StreamFrame } from '#libs/contracts'

const TYPES: readonly unknown[] = ['snapshot', 'change', 'heartbeat', 'goodbye']

/** A frame as far as the stream itself needs it to be right; documents are checked one by one where they are admitted. */
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
    // Not JSON: malformed like any other.
  }
  throw malformed()
}

function malformed(): HmsError {
  return new HmsError('HMS_STREAM_MALFORMED', 'the server sent a frame that is no frame of policies', { status: 502 })
}
