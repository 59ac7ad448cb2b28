import { createPrivateKey } from 'node:crypto'
import type { HmsError } from '#libs/contracts'
import { readGivenFile, requirePrivate } from '#libs/files'
import { configInvalid, describeError } from '#libs/platform'
import type { NotifierConfig } from '../../notifier.config.js'
import type { DkimKey } from './compose-mail.js'
import type { EmailSenderOptions } from './send-email.js'

const MAX_CA_BYTES = 1024 * 1024
const MAX_KEY_BYTES = 64 * 1024
/** RFC 8301 §3.2: verifiers must refuse less than 1024 bits, signers should use at least 2048. */
const MIN_RSA_BITS = 2048

/** Reads the files of the mail configuration. Throws `HMS_CONFIG_INVALID`, and `HMS_KEY_EXPOSED` for a key that other users can read. */
export async function loadMailOptions(mail: NonNullable<NotifierConfig['mail']>): Promise<EmailSenderOptions> {
  const { relay, from, caFile, dkimKeyFile, dkimSelector } = mail
  const ca =
    caFile === undefined ? undefined : (await readConfiguredFile('HMS_NOTIFIER_SMTP_CA', caFile, MAX_CA_BYTES)).bytes.toString('utf8')
  const dkim = dkimKeyFile === undefined ? undefined : await readDkimKey(dkimKeyFile, dkimSelector, from)
  return { relay: { ...relay, ca }, from, dkim }
}

async function readDkimKey(file: string, selector: string, from: string): Promise<DkimKey> {
  const found = await readConfiguredFile('HMS_NOTIFIER_DKIM_KEY_FILE', file, MAX_KEY_BYTES)
  requirePrivate(file, found)
  return { domain: from.split('@')[1]!, selector, key: pemOf(file, found.bytes) }
}

function pemOf(file: string, bytes: Buffer): string {
  try {
    const key = createPrivateKey(bytes)
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
    if (key.asymmetricKeyType === 'rsa' && bits >= MIN_RSA_BITS) return key.export({ type: 'pkcs8', format: 'pem' }) as string
  } catch {
    // OpenSSL's message about an unreadable key may repeat parts of it.
  }
  throw invalid('HMS_NOTIFIER_DKIM_KEY_FILE', file, `it is not an unencrypted RSA key of at least ${MIN_RSA_BITS} bits in PEM`)
}

function readConfiguredFile(variable: string, file: string, maxBytes: number): ReturnType<typeof readGivenFile> {
  return readGivenFile(file, maxBytes).catch((error: unknown) => {
    throw invalid(variable, file, describeError(error))
  })
}

function invalid(variable: string, file: string, detail: string): HmsError {
  const errors = [{ pointer: variable, detail }]
  return configInvalid(`${file}, which ${variable} names, cannot be used: ${detail}`, { errors })
}
