import { openEnvelope, PREDICATE_TYPES, readStatement, SignatureError, STATEMENT_TYPE, type Envelope } from '#libs/signing'
import { usageError } from '../errors.js'

export interface Signable {
  payload: Buffer
  /** What others have signed already. */
  envelope?: Envelope
  /** What the statement is and of what it speaks, line by line. */
  about: string[]
}

/** What people sign. Heads, freshness and events are signed by services alone; a request is signed where it is sent. */
const BY_PEOPLE: Record<string, string> = {
  [PREDICATE_TYPES.release]: 'a release of a policy',
  [PREDICATE_TYPES.roster]: 'a roster: who may approve what',
  [PREDICATE_TYPES.decision]: 'a decision',
  [PREDICATE_TYPES.freeze]: 'a freeze',
}

/** Reads a statement in its canonical form, or a DSSE envelope around one. Anything else could mean something to somebody. */
export function readSignable(text: string, file: string): Signable {
  const value = parse(text, file)
  const envelope = isEnvelope(value) ? value : undefined
  const payload = envelope === undefined ? Buffer.from(text.trimEnd()) : payloadOf(envelope)
  const type = (parse(payload.toString(), file) as { predicateType?: unknown } | null)?.predicateType
  const kind = typeof type === 'string' && Object.hasOwn(BY_PEOPLE, type) ? BY_PEOPLE[type] : undefined
  if (kind === undefined)
    throw usageError(`${file} holds nothing that people sign: its predicateType is ${String(type)}`, ['hms-svc sign --help'])
  const { subject, predicate } = readStatement<{ breakGlass?: { reason?: unknown } } | null>(payload, type as string)
  return {
    payload,
    ...(envelope === undefined ? {} : { envelope }),
    about: [
      `This is ${kind}:`,
      ...subject.map(({ name, digest }) => `  ${name}  sha256:${digest.sha256}`),
      ...describeBreakGlass(predicate),
    ],
  }
}

/** Whoever signs it apart from the others must not find later what it was. */
function describeBreakGlass(predicate: { breakGlass?: { reason?: unknown } } | null): string[] {
  const order = predicate?.breakGlass
  return order === undefined ? [] : [`  BREAK-GLASS, past simulation and canary: ${String(order?.reason)}`]
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw usageError(`${file} is neither a statement nor an envelope: it is not JSON`, ['hms-svc sign --help'])
  }
}

function isEnvelope(value: unknown): value is Envelope {
  return typeof value === 'object' && value !== null && 'payload' in value
}

function payloadOf(envelope: Envelope): Buffer {
  const { payload, payloadType } = openEnvelope(envelope)
  if (payloadType !== STATEMENT_TYPE) throw new SignatureError('HMS_STATEMENT_TYPE', `the payload type is not ${STATEMENT_TYPE}`)
  return payload
}
