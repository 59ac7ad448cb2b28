import type { KeyEntry, KeyFolder } from '#libs/client'
import { EXIT } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { keyFolderOf } from './key-folder.js'
import { passphraseFor, type PassphraseOptions } from './passphrase.js'

export interface CreateOptions extends PassphraseOptions {
  name: string
  /** Uses a key of an ssh-agent: `true`, or its fingerprint or comment. */
  agent?: string | true
}

export async function createKey(context: CliContext, options: CreateOptions): Promise<number> {
  const folder = keyFolderOf(context)
  const entry =
    options.agent === undefined
      ? await makeKey(context, folder, options)
      : await folder.adopt(options.name, options.agent === true ? undefined : options.agent)
  context.output.done(`Key of "${entry.name}" ${entry.agent === true ? 'noted' : 'made'}: ${entry.keyid}`)
  context.output.note(
    `${entry.agent === true ? 'The ssh-agent holds it; use it for nothing else.' : `It lies in ${entry.file}.`} Who keeps the ` +
      `roster needs: hms-svc keys export "${entry.name}"`,
  )
  if (context.output.mode === 'json') context.output.data(entry, () => [])
  return EXIT.done
}

async function makeKey(context: CliContext, folder: KeyFolder, options: CreateOptions): Promise<KeyEntry> {
  return folder.create(options.name, await passphraseFor(context, options.name, folder.dir, { ...options, confirm: true }))
}
