import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { readPrivateIfThere } from './files.js'

export type KeysDirSources = {
  /** The environment, or the part of it that matters here. */
  env: { HMS_KEYS_DIR?: string | undefined }
  dataDir: string
  home?: string
}

/** Where people's keys are: `HMS_KEYS_DIR`, else `keys` in the data folder when it exists, else `~/.config/hms-svc/keys`. */
export function resolveKeysDir({ env, dataDir, home = homedir() }: KeysDirSources): string {
  if (env.HMS_KEYS_DIR) return env.HMS_KEYS_DIR
  const inDataFolder = join(dataDir, 'keys')
  return existsSync(inDataFolder) ? inDataFolder : join(home, '.config', 'hms-svc', 'keys')
}

/** The passphrase that `dev` left beside the keys it made, or undefined: then a person has to give one. */
export async function dataFolderPassphrase(keysDir: string): Promise<string | undefined> {
  const text = await readPrivateIfThere(join(keysDir, 'passphrase'))
  return text?.replace(/\r?\n$/, '') || undefined
}
