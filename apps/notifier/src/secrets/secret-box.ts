import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { action, HmsError } from '#libs/contracts'
import type { SecretKey } from './secret-keys.js'

const CIPHER = 'aes-256-gcm'
const SEALED = /^sealed\.v1\.([0-9a-f]{16})\.([A-Za-z0-9_-]+)$/
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Encrypts secrets for storage: `sealed.v1.KEY.BASE64URL(nonce, ciphertext, tag)`, AES-256-GCM. `of` names the owner of the secret and is
 * authenticated data, so a secret sealed for one partner opens for no other.
 */
export class SecretBox {
  private keys: Promise<readonly SecretKey[]> | undefined

  /** `read` is called once and returns the newest key first. */
  constructor(private readonly read: () => Promise<readonly SecretKey[]>) {}

  /** Reads the keys. Rejects if their file is invalid. */
  load(): Promise<readonly SecretKey[]> {
    return (this.keys ??= this.read())
  }

  async seal(text: string, of: string): Promise<string> {
    const [newest] = await this.load()
    if (newest === undefined) throw missing()
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, newest.key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(of))
    const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
    return `sealed.v1.${newest.id}.${sealed.toString('base64url')}`
  }

  async open(sealed: string, of: string): Promise<string> {
    const [, id, encoded = ''] = SEALED.exec(sealed) ?? []
    const key = (await this.load()).find((each) => each.id === id)
    if (key === undefined) throw wrongKey(`no key of this process sealed it${id === undefined ? '' : ` (it names key ${id})`}`)
    const bytes = Buffer.from(encoded, 'base64url')
    try {
      const decipher = createDecipheriv(CIPHER, key.key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(of)).setAuthTag(bytes.subarray(-TAG_BYTES))
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8')
    } catch {
      throw wrongKey('it was changed, or sealed for another')
    }
  }

  /** Whether the newest key sealed the text. */
  async isFresh(sealed: string): Promise<boolean> {
    const [newest] = await this.load()
    return SEALED.exec(sealed)?.[1] === newest?.id
  }
}

function missing(): HmsError {
  return new HmsError('HMS_SECRETS_KEY_REQUIRED', 'Secrets of partners are stored sealed, and this process has no key for it.', {
    status: 422,
    next: ['openssl rand -base64 32 >FILE && chmod 600 FILE', action('serve.secrets-key', { service: 'notifier' })],
  })
}

function wrongKey(detail: string): HmsError {
  return new HmsError('HMS_SECRETS_KEY_WRONG', `A stored secret cannot be opened: ${detail}.`, {
    status: 400,
    next: ['put the key that sealed it into the file of HMS_NOTIFIER_SECRETS_KEY_FILE, as a second line below the newest'],
  })
}
