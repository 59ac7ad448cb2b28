import { KeyFolder, resolveKeysDir, type KeyEntry } from '#libs/client'
import { HmsError } from '#libs/contracts'
import type { CliContext } from '../context.js'

/** HMS_KEYS_DIR, else `keys` in the data folder, else the user's own folder. */
export function keyFolderOf(context: CliContext): KeyFolder {
  const { keysDir, dataDir } = context.io.environment
  return new KeyFolder(resolveKeysDir({ env: { HMS_KEYS_DIR: keysDir }, dataDir }))
}

/** The public half of a key. `HMS_KEY_NOT_FOUND`, exit 3: this machine cannot sign as that person. */
export async function findKey(folder: KeyFolder, name: string): Promise<KeyEntry> {
  const entry = await folder.find(name)
  if (entry !== undefined) return entry
  throw new HmsError('HMS_KEY_NOT_FOUND', `There is no key of "${name}" in ${folder.dir}`, {
    status: 403,
    next: ['hms-svc keys list', `hms-svc keys create --name "${name}"`],
  })
}
