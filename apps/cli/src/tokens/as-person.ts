import type { ApiClient } from '#libs/client'
import type { CliContext } from '../context.js'
import { findKey, keyFolderOf } from '../keys/key-folder.js'
import { passphraseFor, type PassphraseOptions } from '../keys/passphrase.js'

export interface AsPerson extends PassphraseOptions {
  sign?: string
}

/**
 * A client that signs: with a person's key where `--sign` names one, else with the operator key that profile dev left. Never with
 * HMS_TOKEN: no key makes or revokes another.
 */
export async function signingClient(context: CliContext, flags: AsPerson): Promise<ApiClient> {
  const { authorizationFrom, readUrl, signedBy } = await import('#libs/client')
  if (flags.sign === undefined) return context.client(authorizationFrom({ url: readUrl(context.url), dataDir: context.io.environment.dataDir }))
  const folder = keyFolderOf(context)
  await findKey(folder, flags.sign)
  return context.client(signedBy(await folder.open(flags.sign, await passphraseFor(context, flags.sign, folder.dir, flags))))
}
