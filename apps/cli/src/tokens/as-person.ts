import { authorizationFrom, readUrl, signedBy, type ApiClient } from '#libs/client'
import type { Signer } from '#libs/signing'
import type { CliContext } from '../context.js'
import { openKey } from '../keys/key-folder.js'
import { installationOf } from '../roster/rosters-here.js'
import type { AS_PERSON, FlagsOf } from '../verbs/options.js'

export type SigningFlags = FlagsOf<typeof AS_PERSON>

/** Creates a client that signs as `--sign`, else as the operator of dev. Never by HMS_TOKEN: no token creates or revokes another. */
export async function signingClient(context: CliContext, flags: SigningFlags): Promise<ApiClient> {
  if (flags.sign === undefined)
    return context.client(authorizationFrom({ url: readUrl(context.url), dataDir: context.io.environment.dataDir }))
  return signingAs(context, await openKey(context, { ...flags, sign: flags.sign }))
}

/** Creates a client whose requests this key signs, for the installation of the pinned roster. */
export async function signingAs(context: CliContext, signer: Signer): Promise<ApiClient> {
  return context.client(signedBy(signer, await installationOf(context)))
}
