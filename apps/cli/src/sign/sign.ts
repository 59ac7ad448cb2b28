import { digestInGroups, isObject, statementFields, textOf, toBase64, utf8 } from '#libs/contracts'
import {
  addSignature,
  digestOf,
  openEnvelope,
  PREDICATE_TYPES,
  readRelease,
  readUnsignedDecision,
  readUnsignedFreeze,
  readUnsignedRoster,
  readUnsignedRunDecision,
  SignatureError,
  signEnvelope,
  STATEMENT_TYPE,
  type Envelope,
} from '#libs/signing'
import type { CliContext } from '../context.js'
import { expectDigest, usageError } from '../errors.js'
import { readGivenText } from '../files.js'
import { findKey, openKey, type SignFlags } from '../keys/key-folder.js'
import { MAX_SIGNED_BYTES } from '../roster/rosters-here.js'

/** Signs a statement, such as from a web page without the key, or an envelope that others signed. Shows it first; unlocking is consent. */
export async function signStatementFile(context: CliContext, file: string, options: SignFlags & { expectDigest?: string }): Promise<void> {
  await findKey(context, options.sign)
  const { payload, envelope, about } = readSignable(await readGivenText(file, MAX_SIGNED_BYTES), file)
  const digest = digestOf(payload)
  for (const line of about) context.output.note(line)
  context.output.note(`digest ${digestInGroups(digest)}`)
  expectDigest(options.expectDigest, digest)
  const signer = await openKey(context, options)
  const signed: Envelope = envelope === undefined ? await signEnvelope(payload, [signer]) : await addSignature(envelope, signer)
  context.output.data(signed, () => [JSON.stringify(signed)])
}

interface Content {
  predicateType?: unknown
  subject: { name: string; digest: { sha256: string } }[]
  predicate: { breakGlass?: { reason: string }; run?: unknown } | null
}

interface Kind {
  name: string
  /** Throws `SignatureError` for a statement that the readers of this kind refuse. */
  read(envelope: Envelope, content: Content): unknown
}

/** Statements that people sign. Only services sign heads, freshness and events; a request is signed where it is sent. */
const BY_PEOPLE: Record<string, Kind> = {
  [PREDICATE_TYPES.release]: { name: 'a release of a policy', read: readRelease },
  [PREDICATE_TYPES.roster]: { name: 'a roster: who may approve what', read: readUnsignedRoster },
  [PREDICATE_TYPES.decision]: {
    name: 'a decision',
    read: (envelope, { predicate }) => (predicate?.run === undefined ? readUnsignedDecision : readUnsignedRunDecision)(envelope),
  },
  [PREDICATE_TYPES.freeze]: { name: 'a freeze', read: readUnsignedFreeze },
}

/** Reads a statement or an envelope around one. `about`: all its fields for the signer, because the file may misrepresent it. */
function readSignable(text: string, file: string) {
  const value = parse(text, file)
  const envelope = isObject(value) && 'payload' in value ? (value as unknown as Envelope) : undefined
  const payload = envelope === undefined ? utf8(text.trimEnd()) : payloadOf(envelope)
  const statement = textOf(payload)
  const content = parse(statement, file) as Content | null
  const type = content?.predicateType
  const kind = typeof type === 'string' && Object.hasOwn(BY_PEOPLE, type) ? BY_PEOPLE[type] : undefined
  if (content === null || kind === undefined)
    throw usageError(`${file} is not a statement that people sign: its predicateType is ${String(type)}`, ['hms-svc sign --help'])
  kind.read(envelope ?? { payload: toBase64(payload), payloadType: STATEMENT_TYPE, signatures: [] }, content)
  const order = content.predicate?.breakGlass
  return {
    payload,
    envelope,
    about: [
      `This is ${kind.name}:`,
      ...content.subject.map(({ name, digest }) => `  ${name}  sha256:${digest.sha256}`),
      // A person who signs it separately must see that it is break-glass.
      ...(order === undefined ? [] : [`  BREAK-GLASS, past simulation and canary: ${order.reason}`]),
      ...statementFields(statement).map((each) => `  ${each.field} ${each.value}`),
    ],
  }
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw usageError(`${file} is neither a statement nor an envelope: it is not JSON`, ['hms-svc sign --help'])
  }
}

function payloadOf(envelope: Envelope): Uint8Array {
  const { payload, payloadType } = openEnvelope(envelope)
  if (payloadType !== STATEMENT_TYPE) throw new SignatureError('HMS_STATEMENT_TYPE', `the payload type is not ${STATEMENT_TYPE}`)
  return payload
}
