import { verifyReported, type ApiClient, type ReportedVersion } from '#libs/client'
import { NOT_BY_CALLER, type Verification } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { clockHere, noRosterHere, trustHere, warnOfDoubts } from './rosters-here.js'

/** Requires that the signed heads put the reported versions in force. Warns if they may be old, or no roster is here to verify them. */
export async function requireReported(context: CliContext, client: ApiClient, reported: readonly ReportedVersion[]): Promise<Verification> {
  const options = { ...trustHere(context), clock: clockHere(context), waitMs: context.options.timeout }
  const { verification, doubts } = await verifyReported(client, reported, options)
  if (verification === NOT_BY_CALLER) noRosterHere(context)
  warnOfDoubts(context, doubts)
  return verification
}
