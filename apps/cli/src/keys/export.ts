import { createPublicKey } from 'node:crypto'
import { EXIT } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { findKey, keyFolderOf } from './key-folder.js'

/** Prints the public key as PEM; with --json `{ name, keyid, spki }`, the members in a roster. */
export async function exportKey(context: CliContext, name: string): Promise<number> {
  const entry = await findKey(keyFolderOf(context), name)
  const { keyid, spki } = entry
  context.output.data({ name: entry.name, keyid, spki }, () => pemOf(spki).split('\n'))
  return EXIT.done
}

function pemOf(spki: string): string {
  const key = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' })
  return key.export({ format: 'pem', type: 'spki' }).toString().trimEnd()
}
