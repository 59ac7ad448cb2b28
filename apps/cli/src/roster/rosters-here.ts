import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isLoopback, openRostersIfAny, readUrl, systemClock, type ApiClient, type Clock, type PinnedRosters } from '#libs/client'
import { HmsError, type Envelope } from '#libs/contracts'
import { nextRoster, orRefusal, readRoster, requireUnexpired, SignatureError, type LogPolicy, type Roster } from '#libs/signing'
import type { CliContext } from '../context.js'
import { readGivenText } from '../files.js'

/** Size limit of a roster, and of a bundle that contains one. */
export const MAX_SIGNED_BYTES = 4 * 1024 * 1024
/** Maximum number of reasons in warnings. */
const MAX_REASONS = 5

/** Returns the roster file of HMS_ROSTER, else of the data folder; `undefined` without either, which only a loopback address permits. */
export function rosterFile({ io }: CliContext): string | undefined {
  const ofData = join(io.environment.dataDir, 'roster.json')
  return io.environment.lookup('HMS_ROSTER') ?? (existsSync(ofData) ? ofData : undefined)
}

/** Reads the pinned roster, of HMS_ROSTER or else of the data folder. It is never requested from the services. */
export async function pinnedRoster({ io }: CliContext): Promise<Roster> {
  const file = io.environment.lookup('HMS_ROSTER') ?? join(io.environment.dataDir, 'roster.json')
  const text = await readGivenText(file, MAX_SIGNED_BYTES).catch((cause: unknown) => {
    const detail = `${file} cannot be read, so no signer can be trusted.`
    throw new HmsError('HMS_ROSTER_UNREADABLE', detail, { status: 400, cause, next: ['hms-svc help environment'] })
  })
  let envelope: Envelope
  try {
    envelope = JSON.parse(text) as Envelope
  } catch {
    throw new SignatureError('HMS_SIGNATURE_MALFORMED', `${file} is not JSON`)
  }
  return readRoster(envelope)
}

/** Returns the log policies by which proofs may count, the current one first. Throws 404 `HMS_AUDIT_NO_LOG` for a roster without a log. */
export function logPoliciesOf({ logPolicies: [now, ...earlier] }: Roster): [LogPolicy, ...LogPolicy[]] {
  if (now === undefined)
    throw new HmsError('HMS_AUDIT_NO_LOG', 'The roster names no transparency log.', { status: 404, next: ['hms-svc dev --reset'] })
  return [now, ...earlier]
}

/** Returns the newest roster that verifies, step by step, from the pinned one. Services only deliver the steps; warns if a step fails. */
export async function newestRoster(context: CliContext): Promise<Roster> {
  const roster = await lastThatVerifies(context)
  const refusal = orRefusal(() => requireUnexpired(roster, new Date(context.io.now()).toISOString()))
  if (refusal instanceof SignatureError)
    context.output.note(
      `${refusal.message}: what it vouches for may be stale. People sign the next one (hms-svc roster propose FILE), or pin the ` +
        `newest (hms-svc roster show --json)`,
    )
  return roster
}

async function lastThatVerifies(context: CliContext): Promise<Roster> {
  let roster = await pinnedRoster(context)
  try {
    for (;;) {
      const steps = await context.get('/v1/roster', { since: String(roster.version) })
      if (steps.length === 0) return roster
      for (const { envelope } of steps) roster = nextRoster(roster, envelope)
    }
  } catch (error) {
    if (error instanceof SignatureError)
      context.output.note(
        `What the services say follows roster ${roster.version} does not verify (${error.message}); roster ${roster.version} counts`,
      )
    else if (error instanceof HmsError)
      context.output.note(`The services could not be asked for a newer roster (${error.code}); roster ${roster.version} counts`)
    else throw error
    return roster
  }
}

/** Opens the rosters of HMS_ROSTER, the data folder or a loopback address; `undefined` without any. Throws for one that is refused. */
export function newestRostersHere(context: CliContext, api: ApiClient): Promise<PinnedRosters | undefined> {
  return openRostersIfAny(api, trustHere(context))
}

/** Returns the file of the pinned roster, if any, and the folder that stores newer ones. */
export function trustHere(context: CliContext): { pinned: string | undefined; cacheDir: string | undefined } {
  return { pinned: rosterFile(context), cacheDir: context.io.environment.lookup('HMS_CACHE_DIR') }
}

/** Returns the clock of this machine, by which statements are judged. */
export function clockHere({ io }: CliContext): Clock {
  return { ...systemClock, now: () => io.now() }
}

/** Warns on stderr, in every mode, that a response is unverified. */
export function noRosterHere({ output }: CliContext): void {
  output.error(`${output.errorPaint.warn('!')} not verified: no roster here. Name it in HMS_ROSTER (hms-svc roster show --json > FILE)`)
}

/** Warns of the reasons why verified values may be old, one line per reason up to `MAX_REASONS`. */
export function warnOfDoubts({ output }: Pick<CliContext, 'output'>, doubts: readonly { code?: string; detail?: string }[]): void {
  const reasons = [...new Set(doubts.map(({ detail, code }) => `${detail} (${code})`))]
  for (const reason of reasons.slice(0, MAX_REASONS))
    output.error(`${output.errorPaint.warn('!')} STALE: signed, and maybe not the newest: ${reason}`)
  if (reasons.length > MAX_REASONS) output.error(`${output.errorPaint.warn('!')} STALE: ${reasons.length - MAX_REASONS} more policies`)
  if (doubts.some(({ code }) => code === 'HMS_FRESHNESS_MIXED')) output.error('  next: hms-svc audit verify')
}

/** Returns the installation a person signs for, from the pinned roster, else from a loopback service, which the SDK trusts too. */
export async function installationOf(context: CliContext): Promise<string> {
  const isUnpinned = rosterFile(context) === undefined && isLoopback(readUrl(context.url))
  const [first] = isUnpinned ? await context.get('/v1/roster') : []
  return (first === undefined ? await pinnedRoster(context) : readRoster(first.envelope)).installation
}
