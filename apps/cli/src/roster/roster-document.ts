import type { Envelope } from '#libs/contracts'
import {
  keyIdOf,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  rawFromSpki,
  signRoster,
  vkeyOf,
  type EarlierLog,
  type RosterKey,
  type RosterPredicate,
} from '#libs/signing'

/** Log or witness as a person writes it: a vkey, or the name in checkpoints and the public key. */
type Named = string | { name: string; spki: string }

/** Roster as a person writes it, without key ids and vkeys, which are computed. */
export type RosterDocument = Omit<RosterPredicate, 'log' | 'witnesses' | 'earlierLogs'> &
  NamedLog & { earlierLogs?: (NamedLog & Pick<EarlierLog, 'quorum' | 'until'>)[] }

interface NamedLog {
  log?: Named
  witnesses?: Named[]
}

/** Returns the unsigned statement of a roster, or the signed one if `document` already is one. */
export async function rosterEnvelope(document: object): Promise<Envelope> {
  if (isEnvelope(document)) return document
  const { principals, earlierLogs, ...rest } = document as RosterDocument
  const named =
    typeof principals === 'object' && principals !== null
      ? Object.entries(principals).map(([id, each]) => [id, { ...each, keys: withKeyIds(each?.keys) }])
      : undefined
  return signRoster(
    {
      ...withVkeys(rest),
      principals: named === undefined ? principals : (Object.fromEntries(named) as RosterPredicate['principals']),
      ...(earlierLogs === undefined
        ? {}
        : { earlierLogs: (Array.isArray(earlierLogs) ? earlierLogs.map(withVkeys) : earlierLogs) as EarlierLog[] }),
    },
    [],
  )
}

export function isEnvelope(document: object): document is Envelope {
  return 'payloadType' in document
}

/** Adds the fingerprints of keys, which the author need not write. */
function withKeyIds(keys: RosterKey[] | undefined): RosterKey[] | undefined {
  if (!Array.isArray(keys)) return keys
  return keys.map((key) =>
    key.keyid === undefined && typeof key.spki === 'string' ? { ...key, keyid: keyIdOf(rawFromSpki(key.spki)) } : key,
  )
}

/** Computes vkeys. An invalid log stays unchanged; the error is reported when the roster is read. */
function withVkeys<T extends NamedLog>(document: T): Omit<T, keyof NamedLog> & { log?: string; witnesses?: string[] } {
  if (typeof document !== 'object' || document === null) return document
  const { log, witnesses, ...rest } = document
  return {
    ...rest,
    ...(log === undefined ? {} : { log: vkeyFor(log, NOTE_ED25519) }),
    ...(witnesses === undefined
      ? {}
      : { witnesses: Array.isArray(witnesses) ? witnesses.map((witness) => vkeyFor(witness, NOTE_COSIGNATURE)) : witnesses }),
  }
}

function vkeyFor(named: Named, type: number): string {
  if (typeof named !== 'object' || named === null || typeof named.name !== 'string' || typeof named.spki !== 'string')
    return named as string
  return vkeyOf(named.name, type, rawFromSpki(named.spki))
}
