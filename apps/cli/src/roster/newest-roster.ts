import { HmsError, type RosterStep } from '#libs/contracts'
import { nextRoster, requireUnexpired, SignatureError, type Roster } from '#libs/signing'
import { pinnedRoster } from './pinned-roster.js'
import type { CliContext } from '../context.js'

/**
 * Returns the newest roster that follows, step by step, from the pinned one. The services only deliver the steps: if they do not respond,
 * or deliver a step that does not verify, the last valid one counts, with a warning on stderr.
 */
export async function newestRoster(context: CliContext): Promise<Roster> {
  const roster = await lastThatVerifies(context)
  try {
    requireUnexpired(roster, new Date(context.io.now()).toISOString())
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error
    context.output.note(
      `${error.message}: what it vouches for may be stale. People sign the next one (hms-svc roster propose FILE), or pin the ` +
        `newest (hms-svc roster show --json)`,
    )
  }
  return roster
}

async function lastThatVerifies(context: CliContext): Promise<Roster> {
  let roster = await pinnedRoster(context)
  try {
    for (;;) {
      const steps = await stepsAfter(context, roster)
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

async function stepsAfter(context: CliContext, { version }: Roster): Promise<RosterStep[]> {
  const client = await context.client()
  return client.get('/v1/roster', { since: String(version) })
}
