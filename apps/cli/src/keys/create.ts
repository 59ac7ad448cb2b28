import { EXIT } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { keyFolderOf } from './key-folder.js'
import { passphraseFor, type PassphraseOptions } from './passphrase.js'

export async function createKey(context: CliContext, options: PassphraseOptions & { name: string }): Promise<number> {
  const folder = keyFolderOf(context)
  const passphrase = await passphraseFor(context, options.name, folder.dir, { ...options, confirm: true })
  const entry = await folder.create(options.name, passphrase)
  context.output.done(`Key of "${entry.name}" made: ${entry.keyid}`)
  context.output.note(`It lies in ${entry.file}. Who keeps the roster needs: hms-svc keys export "${entry.name}"`)
  if (context.output.mode === 'json') context.output.data(entry, () => [])
  return EXIT.done
}
