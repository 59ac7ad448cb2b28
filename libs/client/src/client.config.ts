import { EDGE_PORT, HmsError, isName, MAX_BOT_NAME, MAX_REGION_NAME, withoutCredentials } from '#libs/contracts'
import { policiesProblem } from './connection/named-policies.js'

/** Settings of SDK and CLI from the environment. Absent equals empty. */
export interface ClientConfig {
  /** Without a trailing slash. */
  url: string
  bot?: string
  region?: string
  /** Policies of this reader; default: all. */
  policies?: string[]
  token?: string
  /** Folder of the last known good copy; without one, nothing survives the process. */
  cacheDir?: string
  /** File of the pinned roster. */
  roster?: string
  keysDir?: string
  /** Name of the default signing key. */
  signer?: string
  keyPassphrase?: string
  /** Socket of the ssh-agent, `SSH_AUTH_SOCK`. */
  agentSocket?: string
  dataDir: string
}

const DEFAULT_URL = `http://127.0.0.1:${EDGE_PORT}`

/** Reads the settings. Throws one `HMS_CONFIG_INVALID` (400) that names every wrong variable. */
export function readClientConfig(env: Record<string, string | undefined> = process.env): ClientConfig {
  const variables = new Variables(env)
  const config = {
    url: withoutSlash(variables.read('HMS_URL', urlProblem) ?? DEFAULT_URL),
    bot: variables.read('HMS_BOT', nameProblem(MAX_BOT_NAME)),
    region: variables.read('HMS_REGION', nameProblem(MAX_REGION_NAME)),
    policies: listIn(variables.read('HMS_POLICIES', (value) => policiesProblem(listIn(value)!))),
    token: variables.read('HMS_TOKEN', tokenProblem),
    cacheDir: variables.read('HMS_CACHE_DIR'),
    roster: variables.read('HMS_ROSTER'),
    keysDir: variables.read('HMS_KEYS_DIR'),
    signer: variables.read('HMS_SIGNER'),
    keyPassphrase: env['HMS_KEY_PASSPHRASE'] || undefined,
    agentSocket: variables.read('SSH_AUTH_SOCK'),
    dataDir: variables.read('HMS_DATA_DIR') ?? '.hms',
  }
  variables.refuseWrong()
  return config
}

/** Validates a URL and removes trailing slashes; errors never contain its password. `name` is used in the error. */
export function readUrl(value: string, name = 'url'): string {
  const problem = urlProblem(value)
  if (problem !== undefined) throw new HmsError('HMS_CONFIG_INVALID', `${name} ${problem}`, { status: 400 })
  return withoutSlash(value)
}

function urlProblem(value: string): string | undefined {
  const parsed = URL.canParse(value) ? new URL(value) : undefined
  const isPlain =
    parsed !== undefined &&
    /^https?:$/.test(parsed.protocol) &&
    [parsed.username, parsed.password, parsed.search, parsed.hash].every((part) => part === '')
  return isPlain ? undefined : `is not an http(s) address without user name, query and fragment: ${withoutCredentials(value)}`
}

function listIn(text: string | undefined): string[] | undefined {
  return text?.split(',').map((part) => part.trim())
}

function withoutSlash(url: string): string {
  return URL.canParse(url) ? new URL(url).href.replace(/\/+$/, '') : url
}

function nameProblem(max: number): (value: string) => string | undefined {
  return (value) =>
    isName(value, max) ? undefined : `must have at most ${max} characters, and no control characters or half surrogate pairs`
}

/** The token becomes a header value. Errors never contain it. */
function tokenProblem(value: string): string | undefined {
  return /^[\x21-\x7e]+$/.test(value) ? undefined : 'must be a key as `hms-svc tokens create` prints it'
}

/** Reads environment variables one by one, and collects the wrong ones. Absent equals empty. */
class Variables {
  private readonly errors: { pointer: string; detail: string }[] = []

  constructor(private readonly env: Readonly<Record<string, string | undefined>>) {}

  /** Reads a variable. `problemOf` returns the problem as the rest of a sentence that begins with the name. */
  read(name: string, problemOf: (value: string) => string | undefined = () => undefined): string | undefined {
    const value = this.env[name]?.trim() || undefined
    const problem = value === undefined ? undefined : problemOf(value)
    if (problem !== undefined) this.errors.push({ pointer: name, detail: `${name} ${problem}` })
    return value
  }

  /** Throws one `HMS_CONFIG_INVALID` (400) that names every wrong variable. */
  refuseWrong(): void {
    if (this.errors.length === 0) return
    const detail = this.errors.map((error) => error.detail).join('. ')
    throw new HmsError('HMS_CONFIG_INVALID', detail, { status: 400, errors: this.errors, next: ['hms-svc help environment'] })
  }
}
