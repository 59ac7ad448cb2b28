import { HmsError, type Envelope } from '#libs/contracts'
import { readRoster, SignatureError, type LogPolicy, type Roster } from '#libs/signing'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { CliContext } from '../context.js'
import { readGivenText } from '../files.js'

/** Size limit of a roster, and of a bundle that contains one. */
export const MAX_SIGNED_BYTES = 4 * 1024 * 1024

/**
 * Returns the path of the roster to read by: that of HMS_ROSTER, else the data folder's; `undefined` without either, allowed for a loopback
 * address only.
 */
export function rosterFile({ io }: CliContext): string | undefined {
  const ofData = join(io.environment.dataDir, 'roster.json')
  return io.environment.lookup('HMS_ROSTER') ?? (existsSync(ofData) ? ofData : undefined)
}

/**
 * Reads the roster that this command is pinned to: the file of HMS_ROSTER, else the data folder's. It is never requested from the services.
 */
export async function pinnedRoster({ io }: CliContext): Promise<Roster> {
  const file = io.environment.lookup('HMS_ROSTER') ?? join(io.environment.dataDir, 'roster.json')
  let text: string
  try {
    text = await readGivenText(file, MAX_SIGNED_BYTES)
  } catch (error) {
    throw new HmsError('HMS_ROSTER_UNREADABLE', `${file} cannot be read, so no signer can be trusted.`, {
      status: 400,
      cause: error,
      next: ['hms-svc help environment'],
    })
  }
  return readRoster(parse(text, file))
}

/** Returns the log policies by which proofs may count, the current one first; a roster without a log has none. */
export function logPoliciesOf({ logPolicies: [now, ...earlier] }: Roster): [LogPolicy, ...LogPolicy[]] {
  if (now === undefined)
    throw new HmsError('HMS_AUDIT_NO_LOG', 'The roster names no transparency log.', { status: 404, next: ['hms-svc dev --reset'] })
  return [now, ...earlier]
}

function parse(text: string, file: string): Envelope {
  try {
    return JSON.parse(text) as Envelope
  } catch {
    throw new SignatureError('HMS_SIGNATURE_MALFORMED', `${file} is not JSON`)
  }
}
