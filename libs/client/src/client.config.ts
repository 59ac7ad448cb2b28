import { EDGE_PORT, HmsError, withoutCredentials } from '#libs/contracts'

/** Settings of the SDK and the CLI from the environment. Absent and empty are the same. */
export interface ClientConfig {
  /** Without a trailing slash. */
  url: string
  bot?: string
  region?: string
  token?: string
  /** Folder of the last known good copy; without one nothing outlives the process. */
  cacheDir?: string
  /** File of the pinned roster. */
  roster?: string
  keysDir?: string
  /** Name of the key that signs when a call names none. */
  signer?: string
  keyPassphrase?: string
  /** Socket of the ssh-agent, `SSH_AUTH_SOCK`. */
  agentSocket?: string
  dataDir: string
}

const DEFAULT_URL = `http://127.0.0.1:${EDGE_PORT}`

/** Throws `HMS_CONFIG_INVALID` (400) for a `HMS_URL` that is not an http(s) address. */
export function readClientConfig(env: Record<string, string | undefined> = process.env): ClientConfig {
  const text = (name: string): string | undefined => env[name]?.trim() || undefined
  return {
    url: readUrl(text('HMS_URL') ?? DEFAULT_URL, 'HMS_URL'),
    bot: text('HMS_BOT'),
    region: text('HMS_REGION'),
    token: text('HMS_TOKEN'),
    cacheDir: text('HMS_CACHE_DIR'),
    roster: text('HMS_ROSTER'),
    keysDir: text('HMS_KEYS_DIR'),
    signer: text('HMS_SIGNER'),
    keyPassphrase: env['HMS_KEY_PASSPHRASE'] || undefined,
    agentSocket: text('SSH_AUTH_SOCK'),
    dataDir: text('HMS_DATA_DIR') ?? '.hms',
  }
}

/** Checks an address and takes off trailing slashes; no error repeats a password that stands in it. `name` is what the error calls it. */
export function readUrl(value: string, name = 'url'): string {
  const parsed = URL.canParse(value) ? new URL(value) : undefined
  if (
    parsed === undefined ||
    !/^https?:$/.test(parsed.protocol) ||
    parsed.username !== '' ||
    parsed.password !== '' ||
    parsed.search !== '' ||
    parsed.hash !== ''
  ) {
    throw new HmsError(
      'HMS_CONFIG_INVALID',
      `${name} is not an http(s) address without user name, query and fragment: ${withoutCredentials(value)}`,
      { status: 400 },
    )
  }
  return parsed.href.replace(/\/+$/, '')
}
