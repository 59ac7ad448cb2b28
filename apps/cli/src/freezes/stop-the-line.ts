import { STOP_THE_LINE } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { declare } from './add.js'
import { liftFreeze } from './lift.js'
import { requireReason } from '../errors.js'
import { keyFolderOf, openKey } from '../keys/key-folder.js'
import type { SignedReason } from './signed-reason.js'

/** Turns the stop switch on: a freeze of all scopes that only a person ends. */
export async function stopTheLine(context: CliContext, flags: SignedReason): Promise<number> {
  requireReason(flags.reason, 'stop-the-line on')
  return declare(
    context,
    { id: STOP_THE_LINE, reason: flags.reason, scope: 'global' },
    await openKey(context, keyFolderOf(context), flags.sign, flags),
  )
}

export function releaseTheLine(context: CliContext, flags: SignedReason): Promise<number> {
  return liftFreeze(context, STOP_THE_LINE, flags)
}
