import { KeyFolder, resolveKeysDir, SshAgent, type KeyEntry, type NamedSigner } from '#libs/client'
import type { CliContext } from '../context.js'
import { passphraseFor, type PassphraseOptions } from './passphrase.js'

/** Returns HMS_KEYS_DIR, else `keys` in the data folder, else the user's own folder. */
export function keyFolderOf(context: CliContext): KeyFolder {
  const { keysDir, dataDir, agentSocket } = context.io.environment
  return new KeyFolder(resolveKeysDir({ env: { HMS_KEYS_DIR: keysDir }, dataDir }), undefined, new SshAgent(agentSocket))
}

/** Returns the public half of a key. `HMS_KEY_NOT_FOUND`, exit 3: this machine cannot sign as that person. */
export async function findKey(folder: KeyFolder, name: string): Promise<KeyEntry> {
  const entry = await folder.find(name)
  if (entry !== undefined) return entry
  throw await folder.notFound(name)
}

/** Unlocks a key, which is the consent: with its passphrase, or by its agent. */
export async function openKey(context: CliContext, folder: KeyFolder, name: string, options: PassphraseOptions): Promise<NamedSigner> {
  const { agent } = await findKey(folder, name)
  if (agent === true) context.output.note(`The ssh-agent holds the key of "${name}"; it may ask for a confirmation.`)
  return folder.open(name, agent === true ? '' : await passphraseFor(context, name, folder.dir, options))
}
