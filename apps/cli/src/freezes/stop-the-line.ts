import { STOP_THE_LINE } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { declare } from './add.js'
import { liftFreeze } from './lift.js'
import { requireReason, signerFor, type SignedReason } from './sign-freeze.js'

/** The stop switch is a freeze of everywhere that only a person ends. */
export async function stopTheLine(context: CliContext, flags: SignedReason): Promise<number> {
  requireReason(flags.reason, 'stop-the-line on')
  return declare(context, { id: STOP_THE_LINE, reason: flags.reason, scope: 'global' }, await signerFor(context, flags))
}

export function releaseTheLine(context: CliContext, flags: SignedReason): Promise<number> {
  return liftFreeze(context, STOP_THE_LINE, flags)
}
