import {
  formatAddCheckpoint,
  formatCheckpoint,
  generateKeyPair,
  HashTree,
  leafHash,
  localSigner,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  rawPublicKey,
  readVkey,
  signNote,
  vkeyOf,
  type LogPolicy,
  type Signer,
} from '#libs/signing'

const logKeys = generateKeyPair()
const witnessKeys = generateKeyPair()

export const LOG_SIGNER = localSigner(logKeys.privateKey)
export const WITNESS_SIGNER = localSigner(witnessKeys.privateKey)
export const LOG_POLICY: LogPolicy = {
  log: readVkey(vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(logKeys.publicKey))),
  witnesses: [readVkey(vkeyOf('example.org/witness', NOTE_COSIGNATURE, rawPublicKey(witnessKeys.publicKey)))],
  quorum: 1,
}

/** A log of made-up entries and its requests to witnesses. Two with different `history` fork at the entry `fork`. */
export class TestLog {
  private readonly tree = new HashTree()

  constructor({ history = 'a', fork = 0, size = 100 } = {}) {
    for (let index = 0; index < size; index++) this.tree.append(leafHash(Buffer.from(`${index < fork ? 'a' : history} ${index}`)))
  }

  root(size: number): Uint8Array {
    return this.tree.root(size)
  }

  /** The note over the first `size` entries. */
  note(size: number, signer: Signer = LOG_SIGNER, origin = LOG_POLICY.log.name): Promise<string> {
    return signNote(formatCheckpoint({ origin, size, root: this.tree.root(size) }), { ...LOG_POLICY.log, name: origin }, signer)
  }

  proof(old: number, size: number): Uint8Array[] {
    return old === 0 ? [] : this.tree.consistency(old, size)
  }

  /** Body of `POST /add-checkpoint`. */
  async request(old: number, size: number): Promise<string> {
    return formatAddCheckpoint({ old, path: old > size ? [] : this.proof(old, size), checkpoint: await this.note(size) })
  }
}
