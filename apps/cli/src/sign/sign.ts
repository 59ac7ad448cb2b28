import { digestInGroups, EXIT } from '#libs/contracts'
import { addSignature, digestOf, signEnvelope, type Envelope } from '#libs/signing'
import type { CliContext } from '../context.js'
import { readGivenText } from '../files.js'
import { expectDigest } from '../keys/expect-digest.js'
import { findKey, keyFolderOf, openKey } from '../keys/key-folder.js'
import type { PassphraseOptions } from '../keys/passphrase.js'
import { MAX_SIGNED_BYTES } from '../roster/pinned-roster.js'
import { readSignable } from './signable.js'

export interface SignOptions extends PassphraseOptions {
  sign: string
  expectDigest?: string
}

/**
 * Signs content from elsewhere, such as from a page that must not see the key: the bytes of a statement, or an envelope that other people
 * have signed. Shows the content before the key is unlocked, which is the consent.
 */
export async function signStatementFile(context: CliContext, file: string, options: SignOptions): Promise<number> {
  const folder = keyFolderOf(context)
  await findKey(folder, options.sign)
  const { payload, envelope, about } = readSignable(await readGivenText(file, MAX_SIGNED_BYTES), file)
  const digest = digestOf(payload)
  for (const line of about) context.output.note(line)
  context.output.note(`digest ${digestInGroups(digest)}`)
  expectDigest(options.expectDigest, digest)
  const signer = await openKey(context, folder, options.sign, options)
  const signed: Envelope = envelope === undefined ? await signEnvelope(payload, [signer]) : await addSignature(envelope, signer)
  context.output.data(signed, () => [JSON.stringify(signed)])
  return EXIT.done
}
