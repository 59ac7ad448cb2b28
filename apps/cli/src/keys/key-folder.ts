import { dataFolderPassphrase, KeyFolder, resolveKeysDir, SshAgent, type KeyEntry, type NamedSigner } from '#libs/client'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'
import { readGivenSecret } from '../files.js'
import type { FlagsOf, PASSPHRASE_FILE, SIGN, SIGNED_DECISION } from '../verbs/options.js'

export type PassphraseFlags = FlagsOf<typeof PASSPHRASE_FILE>
export type SignFlags = PassphraseFlags & FlagsOf<typeof SIGN>
export type DecisionFlags = FlagsOf<typeof SIGNED_DECISION>

/** Returns the key folder: HMS_KEYS_DIR, else `keys` in the data folder, else the user's own folder. */
export function keyFolderOf(context: CliContext): KeyFolder {
  const { keysDir, dataDir, agentSocket } = context.io.environment
  return new KeyFolder(resolveKeysDir({ env: { HMS_KEYS_DIR: keysDir }, dataDir }), undefined, new SshAgent(agentSocket))
}

/** Returns the public half of a key. Throws `HMS_KEY_NOT_FOUND` (exit 3) if this machine has no key of that person. */
export async function findKey(context: CliContext, name: string): Promise<KeyEntry> {
  const folder = keyFolderOf(context)
  const entry = await folder.find(name)
  if (entry !== undefined) return entry
  throw await folder.notFound(name)
}

/** Unlocks the key of `--sign`, with its passphrase or through the ssh-agent. Unlocking is the consent to sign. */
export async function openKey(context: CliContext, { sign: name, ...flags }: SignFlags): Promise<NamedSigner> {
  const folder = keyFolderOf(context)
  const { agent } = await findKey(context, name)
  if (agent === true) context.output.note(`The ssh-agent holds the key of "${name}"; it may ask for a confirmation.`)
  return folder.open(name, agent === true ? '' : await passphraseFor(context, name, flags))
}

/** Returns the passphrase: from the flag, HMS_KEY_PASSPHRASE, the data folder, or a hidden prompt (only in a terminal without --json). */
export async function passphraseFor(context: CliContext, name: string, flags: PassphraseFlags & { confirm?: boolean }): Promise<string> {
  const given =
    flags.passphraseFile === undefined
      ? (context.io.environment.passphrase ?? (await dataFolderPassphrase(keyFolderOf(context).dir)))
      : await readGivenSecret(flags.passphraseFile, context.output)
  if (given !== undefined) return given
  if (!context.io.interactive || context.output.mode === 'json')
    throw usageError(`The passphrase of "${name}" is missing: pass --passphrase-file FILE or set HMS_KEY_PASSPHRASE`)
  const passphrase = await context.askHidden(`Passphrase of "${name}": `)
  if (flags.confirm === true && (await context.askHidden('Repeat: ')) !== passphrase)
    throw usageError('The two passphrases differ; nothing was made')
  if (passphrase === '') throw usageError('An empty passphrase protects nothing')
  return passphrase
}
