import { join } from 'node:path'
import { dataFolderPassphrase, KeyFolder } from '#libs/client'
import type { Signer } from '#libs/signing'

/** The person whose key `dev` makes in its data folder. */
export async function openSigner(dataDir: string): Promise<Signer> {
  const keys = join(dataDir, 'keys')
  return new KeyFolder(keys).open('EPA Chief', (await dataFolderPassphrase(keys))!)
}
