import type { ApiClient } from '#libs/client'
import type { Signer } from '#libs/signing'
import { installationOf } from '../roster/installation.js'
import type { CliContext } from '../context.js'
import { openKey, type PassphraseFlags } from '../keys/key-folder.js'

export interface AsPerson extends PassphraseFlags {
  sign?: string
}

/**
 * Creates a client that signs: with the person's key of `--sign`, else with the operator key of profile dev. Never with HMS_TOKEN: no key
 * issues or revokes another.
 */
export async function signingClient(context: CliContext, flags: AsPerson): Promise<ApiClient> {
  const { authorizationFrom, readUrl } = await import('#libs/client')
  if (flags.sign === undefined)
    return context.client(authorizationFrom({ url: readUrl(context.url), dataDir: context.io.environment.dataDir }))
  return signingAs(context, await openKey(context, { ...flags, sign: flags.sign }))
}

/** Creates a client whose requests this key signs, for the installation of the pinned roster. */
export async function signingAs(context: CliContext, signer: Signer): Promise<ApiClient> {
  const { signedBy } = await import('#libs/client')
  return context.client(signedBy(signer, await installationOf(context)))
}
