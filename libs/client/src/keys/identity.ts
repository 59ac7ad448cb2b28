import { basename, join } from 'node:path'
import { jsonIn } from '#libs/contracts'
import { localSigner, readRoster, type Envelope, type Keys, type Roster, type Signer } from '#libs/signing'
import { namesIn, readIfThere, readPrivateIfThere } from './files.js'
import { KeyError } from './key-error.js'
import { readPlainKey } from './private-key.js'

/** Verified content of a data folder that profile `dev` created; read once. */
export type Identity = {
  rosterEnvelope: Envelope
  roster: Roster
  /** Returns the signer of a service. Throws `HMS_IDENTITY_MISSING` without its key, `HMS_IDENTITY_MISMATCH` if the roster has another. */
  serviceSigner(name: string): Signer
  operatorSigner(): Signer
}

/** Loads the identity with the keys `names`, all by default. Throws `HMS_IDENTITY_MISSING`, or `SignatureError` for a false roster. */
export async function loadIdentity(dataDir: string, names?: readonly string[]): Promise<Identity> {
  const text = await readIfThere(rosterFile(dataDir))
  if (text === undefined) throw missing(`${rosterFile(dataDir)} does not exist`)
  const rosterEnvelope = jsonIn(text) as Envelope | undefined
  if (rosterEnvelope === undefined) throw new KeyError('HMS_KEY_UNREADABLE', `${rosterFile(dataDir)} is not JSON`)
  const roster = readRoster(rosterEnvelope)
  const pems = await readPems(dataDir, names)
  const signerOf = (name: string, allowed: Keys): Signer => {
    const pem = pems.get(name)
    if (pem === undefined) throw missing(`${serviceKeyFile(dataDir, name)} does not exist`)
    const signer = localSigner(readPlainKey(pem))
    if (allowed.has(signer.keyid)) return signer
    throw new KeyError('HMS_IDENTITY_MISMATCH', `the roster does not name the key of ${name} in ${serviceKeysDir(dataDir)}`, [
      'hms-svc dev --reset',
    ])
  }
  return {
    rosterEnvelope,
    roster,
    serviceSigner: (name) => signerOf(name, roster.serviceKeys(name)),
    operatorSigner: () => signerOf(OPERATOR, roster.keysOfKind('operator')),
  }
}

async function readPems(dataDir: string, wanted?: readonly string[]): Promise<Map<string, string | undefined>> {
  const dir = serviceKeysDir(dataDir)
  const names = wanted ?? (await namesIn(dir)).flatMap((file) => (file.endsWith('.pem') ? [basename(file, '.pem')] : []))
  const read = async (name: string) => [name, await readPrivateIfThere(join(dir, `${name}.pem`))] as const
  return new Map(await Promise.all(names.map(read)))
}

function missing(detail: string): KeyError {
  return new KeyError('HMS_IDENTITY_MISSING', detail, ['HMS_PROFILE=dev hms-svc migrate', 'hms-svc dev'])
}

/** Name of the operator's key file. No service may have this name or the two below. */
export const OPERATOR = 'operator'
/** Names of the key files of the transparency log and of its witness. */
export const AUDIT_LOG = 'audit-log'
export const WITNESS = 'witness'

export function rosterFile(dataDir: string): string {
  return join(dataDir, 'roster.json')
}

export function serviceKeysDir(dataDir: string): string {
  return join(dataDir, 'service-keys')
}

export function serviceKeyFile(dataDir: string, name: string): string {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new TypeError(`${name} is not a valid service name`)
  return join(serviceKeysDir(dataDir), `${name}.pem`)
}

export function secretsKeyFile(dataDir: string): string {
  return join(serviceKeysDir(dataDir), 'partner-secrets.key')
}
