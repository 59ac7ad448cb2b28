import { EDGE_PORT, HmsError, isName, MAX_BOT_NAME, MAX_POLICIES_OF_READER, MAX_REGION_NAME, withoutCredentials } from '#libs/contracts'
import { isPolicyId } from '#libs/policy'

/** Settings of SDK and CLI from the environment. An empty variable counts as unset. */
export interface ClientConfig {
  /** Base URL of the server, without a trailing slash. */
  url: string
  bot?: string
  region?: string
  /** Policies of this reader; default: all. */
  policies?: readonly string[]
  token?: string
  /** Folder of the last known good copy; without it, the copy is lost when the process ends. */
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
  const errors: HmsError['errors'] = []
  /** Returns a variable and collects its problem. `problemOf` returns the rest of a sentence that begins with the variable's name. */
  const read = (name: string, problemOf: (value: string) => string | undefined = () => undefined): string | undefined => {
    const value = env[name]?.trim() || undefined
    const problem = value === undefined ? undefined : problemOf(value)
    if (problem !== undefined) errors.push({ pointer: name, detail: `${name} ${problem}` })
    return value
  }
  const config = {
    url: withoutSlash(read('HMS_URL', urlProblem) ?? DEFAULT_URL),
    bot: read('HMS_BOT', nameProblem(MAX_BOT_NAME)),
    region: read('HMS_REGION', nameProblem(MAX_REGION_NAME)),
    policies: listIn(read('HMS_POLICIES', (value) => policiesProblem(listIn(value)!))),
    token: read('HMS_TOKEN', tokenProblem),
    cacheDir: read('HMS_CACHE_DIR'),
    roster: read('HMS_ROSTER'),
    keysDir: read('HMS_KEYS_DIR'),
    signer: read('HMS_SIGNER'),
    keyPassphrase: env['HMS_KEY_PASSPHRASE'] || undefined,
    agentSocket: read('SSH_AUTH_SOCK'),
    dataDir: read('HMS_DATA_DIR') ?? '.hms',
  }
  if (errors.length === 0) return config
  const detail = errors.map((error) => error.detail).join('. ')
  throw new HmsError('HMS_CONFIG_INVALID', detail, { status: 400, errors, next: ['hms-svc help environment'] })
}

/** Validates a URL and removes trailing slashes. Errors never contain the URL's password; `name` is the option's name in the error. */
export function readUrl(value: string, name = 'url'): string {
  const problem = urlProblem(value)
  if (problem !== undefined) throw new HmsError('HMS_CONFIG_INVALID', `${name} ${problem}`, { status: 400 })
  return withoutSlash(value)
}

/** Returns the token of the environment, but only for the server of the environment. */
export function tokenOfServer({ url: own, token }: Pick<ClientConfig, 'url' | 'token'>, url: string): string | undefined {
  return new URL(url).origin === new URL(own).origin ? token : undefined // guard: token-to-its-server
}

function urlProblem(value: string): string | undefined {
  const parsed = URL.canParse(value) ? new URL(value) : undefined
  const isPlain =
    parsed !== undefined &&
    /^https?:$/.test(parsed.protocol) &&
    [parsed.username, parsed.password, parsed.search, parsed.hash].every((part) => part === '')
  return isPlain ? undefined : `must be an http(s) URL without user name, query or fragment, not ${withoutCredentials(value)}`
}

function listIn(text: string | undefined): string[] | undefined {
  return text?.split(',').map((part) => part.trim())
}

function withoutSlash(url: string): string {
  return URL.canParse(url) ? new URL(url).href.replace(/\/+$/, '') : url
}

function nameProblem(max: number): (value: string) => string | undefined {
  return (value) =>
    isName(value, max) ? undefined : `must be text of at most ${max} characters, without control characters and half surrogate pairs`
}

/** Returns the problem of a token, which must be a valid header value; the problem never contains the token. */
function tokenProblem(value: string): string | undefined {
  return /^[\x21-\x7e]+$/.test(value) ? undefined : 'must be a key as `hms-svc tokens create` prints it'
}

/** Returns why a list of policies is invalid, as the rest of a sentence; `undefined` if it is valid. */
export function policiesProblem(ids: readonly unknown[]): string | undefined {
  const isRight = Array.isArray(ids) && ids.length > 0 && ids.length <= MAX_POLICIES_OF_READER && ids.every(isPolicyId)
  return isRight ? undefined : `must name 1 to ${MAX_POLICIES_OF_READER} policies by their ids`
}

/** Reads the options of a reader; the environment has the defaults, also for empty text. Throws `HMS_CONFIG_INVALID` (400). */
export function readReaderOptions(options: Partial<Omit<ClientConfig, 'roster'>> & { roster?: string | Uint8Array; timeoutMs?: number }) {
  const config = readClientConfig()
  const { token, timeoutMs = 10_000 } = options
  const [bot, region] = [options.bot || config.bot, options.region || config.region]
  const policies = options.policies ?? config.policies
  const problems = {
    bot: bot && nameProblem(MAX_BOT_NAME)(bot),
    region: region && nameProblem(MAX_REGION_NAME)(region),
    policies: policies && policiesProblem(policies),
    token: token && tokenProblem(token),
    timeoutMs: timeoutMs >= 0 ? undefined : 'must be a number of milliseconds',
  }
  for (const [name, problem] of Object.entries(problems))
    if (problem) throw new HmsError('HMS_CONFIG_INVALID', `${name} ${problem}`, { status: 400 })
  const [cacheDir, pinned] = [options.cacheDir || config.cacheDir, options.roster ?? config.roster]
  return { config, reader: { bot, region }, policies: policies && [...new Set(policies)].sort(), cacheDir, pinned, timeoutMs }
}
