import { HmsError } from '#libs/contracts'
import type { ClientConfig } from '../client.config.js'
import { dataFolderPassphrase, KeyFolder, type NamedSigner, resolveKeysDir } from '../keys/key-folder.js'
import { SshAgent } from '../keys/ssh-agent.js'

export interface SignerChoice {
  /** Name of the key, as `keys list` prints it. */
  name?: string
  passphrase?: string
}

/** Default signer in profile dev if none is named and there are several keys. */
const DEMO_SIGNER = 'EPA Chief'

/** Unlocks the key named, of `HMS_SIGNER`, the only one, or of dev. Throws `HMS_SIGNER_REQUIRED` (400) or `HMS_KEY_…` (403). */
export async function chooseSigner(
  config: Pick<ClientConfig, 'signer' | 'keysDir' | 'dataDir' | 'keyPassphrase' | 'agentSocket'>,
  choice: SignerChoice = {},
): Promise<NamedSigner> {
  const dir = resolveKeysDir({ env: { HMS_KEYS_DIR: config.keysDir }, dataDir: config.dataDir })
  const folder = new KeyFolder(dir, undefined, new SshAgent(config.agentSocket))
  const leftByDev = await dataFolderPassphrase(folder.dir)
  const name = choice.name ?? (await defaultSigner(folder, config.signer)).name
  const passphrase = choice.passphrase ?? config.keyPassphrase ?? leftByDev
  const entry = await folder.find(name)
  // An unknown name is reported before a missing passphrase, which would not help. An ssh-agent asks for confirmation itself.
  if (passphrase !== undefined || entry === undefined || entry.agent) return await folder.open(name, passphrase ?? '')
  throw new HmsError('HMS_KEY_PASSPHRASE_REQUIRED', `the key of "${name}" needs its passphrase: set HMS_KEY_PASSPHRASE`, { status: 403 })
}

/** Returns the default signer: `HMS_SIGNER`, the only key, or dev's default. Throws `HMS_SIGNER_REQUIRED`. */
export async function defaultSigner(
  folder: KeyFolder,
  configured?: string,
): Promise<{ name: string; by: 'HMS_SIGNER' | 'only key' | 'dev' }> {
  if (configured !== undefined) return { name: configured, by: 'HMS_SIGNER' }
  const names = (await folder.list()).map((key) => key.name)
  const [only] = names
  if (only !== undefined && names.length === 1) return { name: only, by: 'only key' }
  if (names.includes(DEMO_SIGNER) && (await dataFolderPassphrase(folder.dir)) !== undefined) return { name: DEMO_SIGNER, by: 'dev' }
  const which = names.length === 0 ? `there is no key in ${folder.dir}` : `${folder.dir} has several keys: ${names.join(', ')}`
  throw new HmsError('HMS_SIGNER_REQUIRED', `${which}; say who signs`, { status: 400, next: ['hms-svc keys list'] })
}
