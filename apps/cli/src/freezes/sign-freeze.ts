import type { Signer } from '#libs/signing'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'
import { findKey, keyFolderOf } from '../keys/key-folder.js'
import { passphraseFor, type PassphraseOptions } from '../keys/passphrase.js'

export interface SignedReason extends PassphraseOptions {
  sign: string
  reason: string
}

/** Unlocks the key; before that nothing is sent. */
export async function signerFor(context: CliContext, flags: Omit<SignedReason, 'reason'>): Promise<Signer> {
  const folder = keyFolderOf(context)
  await findKey(folder, flags.sign)
  return folder.open(flags.sign, await passphraseFor(context, flags.sign, folder.dir, flags))
}

export function requireReason(reason: string, command: string): void {
  if (reason.trim() === '') throw usageError('Say why with --reason TEXT', [`hms-svc ${command} --help`])
}
