import { EDGE_PORT, parseDuration } from '#libs/contracts'
import { configInvalid, isDuration, listOf, parseEnvironment, type Environment } from '#libs/platform'
import { IsIn, IsOptional, IsString, Matches, ValidateBy } from 'class-validator'
import { parseRelay } from './channels/email/smtp-relay.js'
import type { Deployment, Profile } from './partners/address-guard.js'
import { parseCidr } from './partners/address-ranges.js'
import { isEmailAddress } from './partners/email-address.js'

const DEV_NETWORKS = ['127.0.0.0/8', '::1/128']

/** Requires a text for which `isValid` is true. The error does not contain the value, which may include a password. */
function isTextMatching(isValid: (text: string) => boolean, message: string): PropertyDecorator {
  const validate = (value: unknown): boolean => typeof value === 'string' && isValid(value)
  return ValidateBy({ name: 'isTextThat', validator: { validate, defaultMessage: () => message } })
}

/** Configuration from the environment variables `HMS_NOTIFIER_*`. */
export class NotifierConfig {
  @IsIn(['dev', 'production'], { message: 'profile must be dev or production' }) profile: Profile = 'production'

  /** Maximum time a run waits for the first attempts at its partners; unfinished ones continue after the run has completed. */
  @isDuration('20s') deadlineMs = parseDuration('20s')

  /** Widest ranges that the `networks` of a partner may allow. */
  @IsOptional()
  @isTextMatching(
    (text) => listOf(text).every((each) => parseCidr(each) !== undefined),
    'networks must be CIDRs separated by commas, for instance 10.20.0.0/16,fd12:3456::/32',
  )
  networks?: string

  /** The agency's own relay; set together with `mailFrom`. */
  @IsOptional()
  @isTextMatching(
    (text) => parseRelay(text, 'production') !== undefined,
    'smtpUrl must be smtp://[USER:PASSWORD@]HOST[:PORT], or smtps:// for TLS from the start',
  )
  smtpUrl?: string

  @IsOptional()
  @isTextMatching(isEmailAddress, 'mailFrom must be one email address, for instance press@agency.example')
  mailFrom?: string

  /** PEM file of the authority that verifies the relay's certificate. */
  @IsOptional() @IsString() smtpCa?: string
  @IsOptional() @IsString() dkimKeyFile?: string

  /** DKIM selector: the domain of `mailFrom` publishes the key at `SELECTOR._domainkey.DOMAIN`. */
  @Matches(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i, {
    message: 'dkimSelector must be a label of a domain name',
  })
  dkimSelector = 'hms'

  /** Public address of this installation, put before the path of a receipt. Without it receipts are relative. */
  @IsOptional()
  @isTextMatching(
    isBaseUrl,
    'publicUrl must be where partners reach this installation, without a path, for instance https://hms.agency.gov',
  )
  publicUrl?: string

  /** File of the keys that encrypt partners' stored secrets. */
  @IsOptional() @IsString() secretsKeyFile?: string
  @IsString() dataDir = '.hms'

  get mail() {
    const { profile, smtpUrl, mailFrom: from, smtpCa: caFile, dkimKeyFile, dkimSelector } = this
    const relay = smtpUrl === undefined ? undefined : parseRelay(smtpUrl, profile)
    return relay === undefined || from === undefined ? undefined : { relay, from, caFile, dkimKeyFile, dkimSelector }
  }

  get deployment(): Deployment {
    const { profile, networks } = this
    return { profile, networks: networks === undefined ? (profile === 'dev' ? DEV_NETWORKS : []) : listOf(networks) }
  }
}

export function readNotifierConfig(env: Environment, profile: Profile): NotifierConfig {
  const names = {
    profile: 'HMS_PROFILE',
    deadlineMs: 'HMS_NOTIFIER_DEADLINE',
    networks: 'HMS_NOTIFIER_NETWORKS',
    smtpUrl: 'HMS_NOTIFIER_SMTP_URL',
    mailFrom: 'HMS_NOTIFIER_MAIL_FROM',
    smtpCa: 'HMS_NOTIFIER_SMTP_CA',
    dkimKeyFile: 'HMS_NOTIFIER_DKIM_KEY_FILE',
    dkimSelector: 'HMS_NOTIFIER_DKIM_SELECTOR',
    publicUrl: 'HMS_NOTIFIER_PUBLIC_URL',
    secretsKeyFile: 'HMS_NOTIFIER_SECRETS_KEY_FILE',
    dataDir: 'HMS_DATA_DIR',
  }
  const defaults = profile === 'dev' ? { HMS_NOTIFIER_PUBLIC_URL: developersUrl(env['HMS_PORT']) } : {}
  const config = parseEnvironment(NotifierConfig, names, { ...defaults, ...env, HMS_PROFILE: profile })
  if ((config.smtpUrl === undefined) === (config.mailFrom === undefined)) return config
  const [given, missing] = config.smtpUrl === undefined ? [names.mailFrom, names.smtpUrl] : [names.smtpUrl, names.mailFrom]
  const detail = `${given} requires ${missing}`
  throw configInvalid(`${detail}: mail needs a relay and a sender`, { errors: [{ pointer: missing, detail }] })
}

/** Address where `dev` serves. An invalid port is reported by the validation of that variable, not here. */
function developersUrl(port = String(EDGE_PORT)): string | undefined {
  const url = `http://127.0.0.1:${port}`
  return URL.canParse(url) ? new URL(url).origin : undefined
}

function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, origin } = new URL(text)
  return /^https?:$/.test(protocol) && text === origin
}
