import { dataFolderPassphrase } from '#libs/client'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'
import { readGivenSecret } from '../files.js'

export interface PassphraseOptions {
  passphraseFile?: string
}

/**
 * Returns the passphrase: from the flag, else HMS_KEY_PASSPHRASE, else the file that `dev` left beside the keys it made, else a hidden
 * prompt. There is no prompt with --json or without a terminal: then the error names the flag.
 */
export async function passphraseFor(
  context: CliContext,
  name: string,
  keysDir: string,
  options: PassphraseOptions & { confirm?: boolean },
): Promise<string> {
  const given = await givenPassphrase(context, keysDir, options)
  if (given !== undefined) return given
  if (!context.io.interactive || context.output.mode === 'json') {
    throw usageError(`The passphrase of "${name}" is missing: pass --passphrase-file FILE or set HMS_KEY_PASSPHRASE`)
  }
  const passphrase = await context.askHidden(`Passphrase of "${name}": `)
  if (options.confirm === true && (await context.askHidden('Repeat: ')) !== passphrase) {
    throw usageError('The two passphrases differ; nothing was made')
  }
  if (passphrase === '') throw usageError('An empty passphrase protects nothing')
  return passphrase
}

async function givenPassphrase(context: CliContext, keysDir: string, options: PassphraseOptions): Promise<string | undefined> {
  if (options.passphraseFile !== undefined) return readGivenSecret(options.passphraseFile, context.output)
  return context.io.environment.passphrase ?? (await dataFolderPassphrase(keysDir))
}
