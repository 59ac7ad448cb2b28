import { readConsent, readPrepared, type ApiClient } from '#libs/client'
import type { PreparedApproval } from '#libs/contracts'
import type { Consent, PolicyDocument } from '#libs/policy'
import type { CliContext } from '../context.js'
import { rosterFile } from '../roster/rosters-here.js'
import { describePrepared } from './describe-prepared.js'

/** Effect of a signature over these bytes, verified by the roster of HMS_ROSTER, else the data folder's, else a loopback address's. */
export async function consentTo(
  context: CliContext,
  client: ApiClient,
  prepared: PreparedApproval,
): Promise<{ consent: Consent; policies: PolicyDocument[] }> {
  const { predicates } = readPrepared(prepared)
  const consent = await readConsent(client, predicates, {
    roster: rosterFile(context),
    cacheDir: context.io.environment.lookup('HMS_CACHE_DIR'),
  })
  return { consent, policies: predicates.map(({ policy }) => policy as unknown as PolicyDocument) }
}

/** Prints what a signer should read before the key is unlocked. */
export async function showConsent(context: CliContext, client: ApiClient, prepared: PreparedApproval): Promise<void> {
  const { consent, policies } = await consentTo(context, client, prepared)
  const { output } = context
  for (const line of describePrepared(consent, { reported: prepared, policies, paint: output.errorPaint })) output.note(line)
}
