import type { KeyObject } from 'node:crypto'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair, keyIdOf, localSigner, spkiOf, type Signer } from '#libs/signing'
import { codeOf, publishOnce, readIfThere, replaceFile } from './files.js'
import { KeyError } from './key-error.js'
import { decryptPrivateKey, encryptPrivateKey, PBKDF2_ROUNDS } from './private-key.js'

export type PublicKeyFile = { name: string; keyid: string; /** DER in base64. */ spki: string }

/** `file` is the private key's; `createdAt` RFC 3339. */
export type KeyEntry = PublicKeyFile & { file: string; createdAt: string }

export type NamedSigner = Signer & { name: string }

const PRIVATE = '.key.pem'
const PUBLIC = '.pub.json'

/**
 * People's signing keys: `epa-chief.key.pem` (encrypted, 0600) beside `epa-chief.pub.json`, in a folder of mode 0700.
 * Names that differ only in case or punctuation share a file, so the second one is refused and either finds it.
 */
export class KeyFolder {
  constructor(readonly dir: string, private readonly rounds = PBKDF2_ROUNDS) {}

  /** Makes a key; `HMS_KEY_EXISTS` when the name is taken: a key is never overwritten. */
  async create(name: string, passphrase: string): Promise<KeyEntry> {
    if (await this.make(name, passphrase)) return this.require(name)
    const detail = `there is a key for "${name}" already: ${this.privateFile(name)}`
    throw new KeyError('HMS_KEY_EXISTS', detail, [{ command: 'hms-svc keys list' }])
  }

  async list(): Promise<KeyEntry[]> {
    const stems = (await this.fileNames()).filter((file) => file.endsWith(PUBLIC)).map((file) => file.slice(0, -PUBLIC.length))
    const entries = await Promise.all(stems.sort().map((stem) => this.entry(stem)))
    return entries.filter((entry) => entry !== undefined)
  }

  async find(name: string): Promise<KeyEntry | undefined> {
    return this.entry(stemOf(name))
  }

  /** Unlocks a key. `HMS_KEY_NOT_FOUND`, `HMS_KEY_PASSPHRASE`, or `HMS_KEY_UNREADABLE`. */
  async open(name: string, passphrase: string): Promise<NamedSigner> {
    const entry = await this.require(name)
    const signer = localSigner(decryptPrivateKey(await readIfThere(entry.file) ?? '', passphrase))
    if (signer.keyid !== entry.keyid) throw new KeyError('HMS_KEY_UNREADABLE', `${entry.file} is not the key that its public file names`)
    return { ...signer, name: entry.name }
  }

  /**
   * Opens the key of this name, or makes it. For keys whose passphrase lies beside them: several processes may do
   * this at once, or again after one died in between, and all end with the same key.
   */
  async ensure(name: string, passphrase: string): Promise<{ signer: NamedSigner; spki: string }> {
    const made = await this.make(name, passphrase)
    const key = made ?? decryptPrivateKey((await readIfThere(this.privateFile(name))) ?? '', passphrase)
    // Its maker may have died before it came to the public file: whoever comes by writes the same content.
    if (!made) await this.writePublic({ name, keyid: keyIdOf(key), spki: spkiOf(key) })
    return { signer: { ...localSigner(key), name }, spki: spkiOf(key) }
  }

  /** The new private key, or undefined when the name is taken. */
  private async make(name: string, passphrase: string): Promise<KeyObject | undefined> {
    const file = this.privateFile(name)
    await mkdir(this.dir, { recursive: true, mode: 0o700 })
    if ((await readIfThere(file)) !== undefined) return undefined
    const { privateKey, keyid, spki } = generateKeyPair()
    const pem = await encryptPrivateKey(privateKey, passphrase, { rounds: this.rounds })
    if (!await publishOnce(file, pem, 0o600)) return undefined
    await this.writePublic({ name, keyid, spki })
    return privateKey
  }

  private async require(name: string): Promise<KeyEntry> {
    const entry = await this.find(name)
    if (entry) return entry
    throw new KeyError('HMS_KEY_NOT_FOUND', `no key for "${name}" in ${this.dir}`, [
      { command: 'hms-svc keys list' },
      { command: `hms-svc keys create --name "${name}"` },
    ])
  }

  private privateFile(name: string): string {
    return join(this.dir, `${stemOf(name)}${PRIVATE}`)
  }

  private async entry(stem: string): Promise<KeyEntry | undefined> {
    const file = join(this.dir, `${stem}${PRIVATE}`)
    const text = await readIfThere(join(this.dir, `${stem}${PUBLIC}`))
    const made = await stat(file).catch(() => undefined)
    if (text === undefined || made === undefined) return undefined
    const { name, keyid, spki } = parsePublic(text, `${stem}${PUBLIC}`)
    return { name, keyid, spki, file, createdAt: made.mtime.toISOString() }
  }

  private writePublic(key: PublicKeyFile): Promise<void> {
    return replaceFile(join(this.dir, `${stemOf(key.name)}${PUBLIC}`), `${JSON.stringify(key, null, 2)}\n`, 0o644)
  }

  private async fileNames(): Promise<string[]> {
    try {
      return await readdir(this.dir)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return []
      throw error
    }
  }
}

function parsePublic(text: string, file: string): PublicKeyFile {
  try {
    const { name, keyid, spki } = JSON.parse(text) as Partial<PublicKeyFile>
    if (name !== undefined && keyid !== undefined && spki !== undefined) return { name, keyid, spki }
  } catch {
    // Not JSON: the same answer as JSON without these members.
  }
  throw new KeyError('HMS_KEY_UNREADABLE', `${file} is no public key file`)
}

/** "EPA Chief" → "epa-chief": letters and digits of any script, nothing that could leave the folder. */
function stemOf(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}+/gu, '').toLowerCase()
  const stem = plain.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-+|-+$/g, '')
  if (stem === '' || stem.length > 80) throw new KeyError('HMS_KEY_NAME', `"${name}" does not make a file name of 1 to 80 characters`)
  return stem
}
