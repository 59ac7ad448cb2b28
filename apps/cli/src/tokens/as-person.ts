import type { ApiClient } from '#libs/client'
import type { CliContext } from '../context.js'
import { findKey, keyFolderOf } from '../keys/key-folder.js'
import { passphraseFor, type PassphraseOptions } from '../keys/passphrase.js'

export interface AsPerson extends PassphraseOptions {
  sign?: string
}

/** A client that signs every request with a person's key where `--sign` names one: a key for a program is never made with another. */
export async function clientOf(context: CliContext, flags: AsPerson): Promise<ApiClient> {
  if (flags.sign === undefined) return context.client()
  const { signedBy } = await import('#libs/client')
  const folder = keyFolderOf(context)
  await findKey(folder, flags.sign)
  return context.client(signedBy(await folder.open(flags.sign, await passphraseFor(context, flags.sign, folder.dir, flags))))
}
