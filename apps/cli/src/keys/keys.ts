import { createPublicKey } from 'node:crypto'
import type { CliContext } from '../context.js'
import { findKey, keyFolderOf, passphraseFor, type PassphraseFlags } from './key-folder.js'

/** Creates a key, or registers a key of the ssh-agent: by fingerprint or comment `agent`; `true`: by comment `name`, or the only key. */
export async function createKey(context: CliContext, flags: PassphraseFlags & { name: string; agent?: string | true }): Promise<void> {
  const folder = keyFolderOf(context)
  const { name, agent } = flags
  const entry =
    agent === undefined
      ? await folder.create(name, await passphraseFor(context, name, { ...flags, confirm: true }))
      : await folder.adopt(name, agent === true ? undefined : agent)
  context.output.result(entry, [`Key of "${entry.name}" ${entry.agent === true ? 'noted' : 'made'}: ${entry.keyid}`])
  context.output.note(
    `${entry.agent === true ? 'The ssh-agent holds it; use it for nothing else.' : `It is stored in ${entry.file}.`} Send the public ` +
      `key to the person who maintains the roster: hms-svc keys export "${entry.name}"`,
  )
}

/** Prints the public key as PEM; with --json as `{ name, keyid, spki }`, the fields that a roster contains. */
export async function exportKey(context: CliContext, given: string): Promise<void> {
  const { name, keyid, spki } = await findKey(context, given)
  const key = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' })
  context.output.data({ name, keyid, spki }, () => key.export({ format: 'pem', type: 'spki' }).toString().trimEnd().split('\n'))
}

export async function listKeys(context: CliContext): Promise<void> {
  const folder = keyFolderOf(context)
  context.output.list(
    await folder.list(),
    { NAME: 'name', MADE: 'createdAt', 'HELD BY': ({ agent }) => (agent === true ? 'ssh-agent' : 'file'), KEY: 'keyid' },
    `No keys in ${folder.dir}. Make one: hms-svc keys create --name NAME`,
  )
}
