import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { readPrivateIfThere } from './files.js'

export type KeysDirSources = {
  /** The relevant part of the environment. */
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

/** Returns the passphrase that `dev` stored beside its keys; undefined if a person has to enter one. */
export async function dataFolderPassphrase(keysDir: string): Promise<string | undefined> {
  const text = await readPrivateIfThere(join(keysDir, 'passphrase'))
  return text?.replace(/\r?\n$/, '') || undefined
}
