import type { KeyObject } from 'node:crypto'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { jsonIn } from '#libs/contracts'
import { generateKeyPair, keyIdOf, localSigner, spkiOf, type Signer } from '#libs/signing'
import { replaceFile } from '#libs/files'
import { namesIn, publishOnce, readIfThere, readPrivateIfThere } from './files.js'
import { KeyError } from './key-error.js'
import { decryptPrivateKey, encryptPrivateKey, PBKDF2_ROUNDS } from './private-key.js'
import { SshAgent, type AgentKey } from './ssh-agent.js'

/** Content of a key's public file. `agent`: the private key is in an ssh-agent, not in a file. */
export type PublicKeyFile = { name: string; keyid: string; /** DER in base64. */ spki: string; agent?: true }

/** Key of a folder. `file`: path of the private key, or of the public file if the key is in an agent. `createdAt`: RFC 3339. */
export type KeyEntry = PublicKeyFile & { file: string; createdAt: string }

export type NamedSigner = Signer & { name: string }

const PRIVATE = '.key.pem'
const PUBLIC = '.pub.json'

/** Folder (0700) of people's keys: `NAME.key.pem` (encrypted, 0600) and `NAME.pub.json`. An agent's key has only `.pub.json`. */
export class KeyFolder {
  constructor(
    readonly dir: string,
    private readonly rounds = PBKDF2_ROUNDS,
    private readonly agent = new SshAgent(undefined),
  ) {}

  /** Creates a key. Throws `HMS_KEY_EXISTS` if the name is taken, because a key is never overwritten. */
  async create(name: string, passphrase: string): Promise<KeyEntry> {
    if (await this.make(name, passphrase)) return this.require(name)
    throw await this.existsError(name)
  }

  /** Registers a key of the agent under this name. Throws `HMS_KEY_EXISTS` like `create`. `which`: see `chooseAgentKey`. */
  async adopt(name: string, which?: string): Promise<KeyEntry> {
    const { keyid, spki } = chooseAgentKey(await this.agent.list(), name, which)
    await mkdir(this.dir, { recursive: true, mode: 0o700 })
    const text = `${JSON.stringify({ name, keyid, spki, agent: true } satisfies PublicKeyFile, null, 2)}\n`
    if ((await readIfThere(this.privateFile(name))) !== undefined || !(await publishOnce(this.publicFile(name), text, 0o644)))
      throw await this.existsError(name)
    return this.require(name)
  }

  async list(): Promise<KeyEntry[]> {
    const stems = (await namesIn(this.dir)).filter((file) => file.endsWith(PUBLIC)).map((file) => file.slice(0, -PUBLIC.length))
    return (await Promise.all(stems.sort().map((stem) => this.entry(stem)))).filter((entry) => entry !== undefined)
  }

  async find(name: string): Promise<KeyEntry | undefined> {
    return this.entry(stemOf(name))
  }

  /** Unlocks a key. Throws `HMS_KEY_NOT_FOUND`, `…_EXPOSED`, `…_PASSPHRASE`, `…_UNREADABLE`; for an agent's key `HMS_KEY_AGENT_…`. */
  async open(name: string, passphrase: string): Promise<NamedSigner> {
    const entry = await this.require(name)
    if (entry.agent) return { ...(await this.agent.signer(entry.keyid)), name: entry.name }
    const signer = localSigner(decryptPrivateKey((await readPrivateIfThere(entry.file)) ?? '', passphrase))
    if (signer.keyid !== entry.keyid) throw new KeyError('HMS_KEY_UNREADABLE', `${entry.file} is not the key that its public file names`)
    return { ...signer, name: entry.name }
  }

  /** Opens or creates a key whose passphrase is stored beside it. Concurrent processes, and one after a crash, get the same key. */
  async ensure(name: string, passphrase: string): Promise<{ signer: NamedSigner; spki: string }> {
    const made = await this.make(name, passphrase)
    const key = made ?? decryptPrivateKey((await readPrivateIfThere(this.privateFile(name))) ?? '', passphrase)
    // The process that created the key may have died before it wrote the public file. Every process writes the same content.
    if (!made) await this.writePublic({ name, keyid: keyIdOf(key), spki: spkiOf(key) })
    return { signer: { ...localSigner(key), name }, spki: spkiOf(key) }
  }

  /** Returns the new private key, or undefined if the name is taken. */
  private async make(name: string, passphrase: string): Promise<KeyObject | undefined> {
    const file = this.privateFile(name)
    await mkdir(this.dir, { recursive: true, mode: 0o700 })
    if ((await readIfThere(file)) !== undefined || (await this.find(name))?.agent) return undefined
    const { privateKey, keyid, spki } = generateKeyPair()
    const pem = await encryptPrivateKey(privateKey, passphrase, { rounds: this.rounds })
    if (!(await publishOnce(file, pem, 0o600))) return undefined
    await this.writePublic({ name, keyid, spki })
    return privateKey
  }

  private async require(name: string): Promise<KeyEntry> {
    const entry = await this.find(name)
    if (entry) return entry
    throw await this.notFound(name)
  }

  /** Returns `HMS_KEY_NOT_FOUND` with the most similar name. */
  async notFound(name: string): Promise<KeyError> {
    const meant = nearestName(
      name,
      (await this.list()).map((key) => key.name),
    )
    const detail = `There is no key of "${name}" in ${this.dir}`
    if (meant !== undefined) return new KeyError('HMS_KEY_NOT_FOUND', `${detail}. Did you mean "${meant}"?`, ['hms-svc keys list'])
    return new KeyError('HMS_KEY_NOT_FOUND', detail, ['hms-svc keys list', `hms-svc keys create --name "${name}"`])
  }

  private privateFile(name: string): string {
    return join(this.dir, `${stemOf(name)}${PRIVATE}`)
  }

  private publicFile(name: string): string {
    return join(this.dir, `${stemOf(name)}${PUBLIC}`)
  }

  private async existsError(name: string): Promise<KeyError> {
    const file = (await this.find(name))?.file ?? this.privateFile(name)
    return new KeyError('HMS_KEY_EXISTS', `there is a key for "${name}" already: ${file}`, ['hms-svc keys list'])
  }

  private async entry(stem: string): Promise<KeyEntry | undefined> {
    const text = await readIfThere(join(this.dir, `${stem}${PUBLIC}`))
    if (text === undefined) return undefined
    const key = parsePublic(text, `${stem}${PUBLIC}`)
    const file = join(this.dir, `${stem}${key.agent ? PUBLIC : PRIVATE}`)
    const stats = await stat(file).catch(() => undefined)
    return stats === undefined ? undefined : { ...key, file, createdAt: stats.mtime.toISOString() }
  }

  private writePublic(key: PublicKeyFile): Promise<void> {
    return replaceFile(this.publicFile(key.name), `${JSON.stringify(key, null, 2)}\n`, 0o644)
  }
}

function parsePublic(text: string, file: string): PublicKeyFile {
  const { name, keyid, spki, agent } = (jsonIn(text) ?? {}) as Partial<PublicKeyFile>
  if (name !== undefined && keyid !== undefined && spki !== undefined) return { name, keyid, spki, ...(agent === true ? { agent } : {}) }
  throw new KeyError('HMS_KEY_UNREADABLE', `${file} is not a public key file`)
}

/** Returns the file name of a key, `epa-chief` for "EPA Chief": letters, digits and hyphens, so no path leaves the folder. */
function stemOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
  const stem = plain.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-+|-+$/g, '')
  if (stem === '' || stem.length > 80) throw new KeyError('HMS_KEY_NAME', `"${name}" does not make a file name of 1 to 80 characters`)
  return stem
}

/** Returns the key with fingerprint or comment `which`, else with comment `name`, else the only key. Throws unless one key matches. */
function chooseAgentKey(keys: readonly AgentKey[], name: string, which?: string): AgentKey {
  if (which !== undefined)
    return only(
      keys.filter(({ keyid, comment }) => keyid === which || comment === which),
      `the key ${which}`,
      name,
    )
  const named = keys.filter(({ comment }) => comment === name)
  return only(named.length > 0 ? named : keys, 'one Ed25519 key', name)
}

function only(keys: readonly AgentKey[], what: string, name: string): AgentKey {
  const [key] = keys
  if (key === undefined) {
    const make = `ssh-keygen -t ed25519 -C "${name}" -f FILE && ssh-add -c FILE`
    throw new KeyError('HMS_KEY_AGENT_LACKS', `the ssh-agent does not have ${what}, or is locked`, [make, 'ssh-add -X'])
  }
  if (keys.length === 1) return key
  const choices = keys.map(({ keyid, comment }) => `${keyid} (${comment})`).join(', ')
  throw new KeyError('HMS_KEY_AGENT_CHOICE', `the ssh-agent has several matching keys: ${choices}`, [
    `hms-svc keys create --name "${name}" --agent ${key.keyid}`,
  ])
}

/** Returns the most similar name by edit distance, ignoring case; `undefined` if none is similar. */
function nearestName(given: string, names: readonly string[]): string | undefined {
  const near = names
    .map((name) => ({ name, edits: editsBetween(given.toLowerCase(), name.toLowerCase()) }))
    .toSorted((a, b) => a.edits - b.edits)[0]
  return near !== undefined && near.edits <= Math.max(1, Math.floor(given.length / 4)) ? near.name : undefined
}

/** Computes the Levenshtein distance. */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let at = 1; at <= one.length; at++) {
    const next = [at]
    for (let to = 1; to <= other.length; to++) {
      const replaced = row[to - 1]! + (one[at - 1] === other[to - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[to]! + 1, next[to - 1]! + 1))
    }
    row = next
  }
  return row[other.length]!
}

export type KeysDirSources = {
  /** Part of the environment that is used. */
  env: { HMS_KEYS_DIR?: string | undefined }
  dataDir: string
  home?: string
}

/** Returns the folder of people's keys: `HMS_KEYS_DIR`, else `keys` in the data folder if it exists, else `~/.config/hms-svc/keys`. */
export function resolveKeysDir({ env, dataDir, home = homedir() }: KeysDirSources): string {
  if (env.HMS_KEYS_DIR) return env.HMS_KEYS_DIR
  const inDataFolder = join(dataDir, 'keys')
  return existsSync(inDataFolder) ? inDataFolder : join(home, '.config', 'hms-svc', 'keys')
}

/** Returns the passphrase that profile dev stored beside its keys; undefined if there is none. */
export async function dataFolderPassphrase(keysDir: string): Promise<string | undefined> {
  const text = await readPrivateIfThere(join(keysDir, 'passphrase'))
  return text?.replace(/\r?\n$/, '') || undefined
}
