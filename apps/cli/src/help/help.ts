import type { Command } from 'commander'
import { createRequire } from 'node:module'
import { usageError } from '../errors.js'
import type { CliContext } from '../context.js'

const TOPICS: Record<string, readonly string[]> = {
  'exit-codes': [
    '  0  done as asked',
    '  1  internal error',
    '  2  usage, or an argument refused (unreadable or oversized file, forbidden address)',
    '  3  not allowed, unknown signer, wrong passphrase',
    '  4  not found',
    '  5  conflict, came too late, port or data folder in use; `topics diff` found differences, `doctor` a problem',
    '  6  run FAILED, or judged FAIL (guard; lint errors and malformed YAML included)',
    '  7  run PAUSED, or AWAITING_APPROVAL at the time-out',
    '  8  still running at the time-out; of a rollback: bots that stayed silent',
    '  9  run ended ROLLED_BACK, ABORTED, SUPERSEDED or STALE',
    ' 10  signature or proof invalid',
    ' 11  not reachable',
    '130  interrupted; the run continues',
  ],
  environment: [
    'HMS_URL             address of the services, default http://127.0.0.1:7184 (--url)',
    'HMS_DATA_DIR        data folder of `dev`, default .hms (--data)',
    'HMS_PORT            port of `dev` and `demo`, default 7184 (--port)',
    'HMS_KEYS_DIR        signing keys, default `keys` in the data folder, else ~/.config/hms-svc/keys',
    'HMS_SIGNER          person whose key signs if a call of the SDK names no signer; `whoami` prints it',
    'HMS_KEY_PASSPHRASE  passphrase of the signing key (--passphrase-file)',
    'HMS_TOKEN           key of a program, made by `tokens create`; sent with every call',
    'HMS_WEBHOOK_SECRET  secret that `webhooks listen` and `webhooks trigger` sign with (--secret)',
    'HMS_PROFILE         dev or production, default production; `dev` and `demo` set dev',
    'HMS_BUS             embedded or kafka',
    'HMS_DATABASE_URL    PostgreSQL, for `serve` and `migrate`; its password in HMS_DATABASE_PASSWORD_FILE',
    'HMS_KAFKA_BROKERS   host:port, separated by commas; HMS_KAFKA_SASL logs in: plain:, scram-sha-512: or oauthbearer:user:password',
    'HMS_KAFKA_TLS, HMS_KAFKA_CA, HMS_KAFKA_CERT, HMS_KAFKA_KEY, HMS_KAFKA_OAUTH_TOKEN_URL  TLS, certificates, tokens of Kafka',
    'HMS_HOST            address that servers bind, default 127.0.0.1',
    'HMS_LOG_LEVEL       of the services and the side-car',
    'HMS_HTTP_WRITES_PER_SECOND, HMS_HTTP_CONNECTIONS_PER_CLIENT, HMS_HTTP_CONNECTIONS  limits of clients',
    "HMS_HTTP_TRUSTED_PROXIES  addresses and CIDRs of edges and proxies that are trusted to report their client's address",
    'HMS_HTTP_CORS_ORIGINS  origins whose pages may read by OFREP, such as https://dashboard.example',
    'HMS_SECURITY_CONTACT  contacts in /.well-known/security.txt, such as mailto:security@agency.example',
    'HMS_CONSOLE_KEY_FILE  of `serve edge`: file with the key that console pages use for clients without a key',
    'HMS_CONSOLE_HOSTS   of `serve edge`: host names, besides loopback, at which console pages use this key',
    'HMS_METRICS         public or key: who may read /metrics of the services',
    'HMS_BOT, HMS_REGION the identity of `sidecar` and the SDK as readers; HMS_CACHE_DIR keeps the last known good copy',
    'HMS_POLICIES        policies that `sidecar` and the SDK read, separated by commas; default all (--policies)',
    'HMS_ROSTER          file of the roster to trust; pinned at first use on loopback without it',
    'HMS_SIDECAR_PORT    port of `sidecar`, default 7185 (--port); or HMS_SIDECAR_SOCKET (--socket)',
    'NO_COLOR            no colours; FORCE_COLOR forces them (--color)',
  ],
  output: [
    'Data goes to stdout; progress, prompts and errors go to stderr.',
    '',
    '--json   one JSON value on stdout, never a prompt; an empty list is []; errors are problem documents on stderr',
    '--plain  append-only lines, as without a terminal: one line per change, one heartbeat per 30 s of silence',
    '--quiet  nothing but data and errors',
    '--color  auto, always or never; words and marks say the same without colour',
    '',
    'A verb that watches a run ends with the block of `runs show` on stdout, and its exit code says how the run ended.',
  ],
}

export function showHelp({ program: declareAll, output }: CliContext, topic?: string): void {
  const program = declareAll()
  const verb = topic === undefined ? program : program.commands.find((command) => command.name() === topic)
  const lines = verb === undefined ? topicLines(topic ?? '') : helpOf(verb)
  output.data({ topic: verb?.name() ?? topic, lines }, () => lines)
}

function topicLines(topic: string): readonly string[] {
  const lines = Object.hasOwn(TOPICS, topic) ? TOPICS[topic] : undefined
  if (lines === undefined) throw usageError(`There is no verb or topic ${topic}`, ['hms-svc --help', 'hms-svc help exit-codes'])
  return lines
}

/** Returns the help of a verb with its examples, which commander adds when it prints. */
function helpOf(verb: Command): string[] {
  let text = ''
  verb.configureOutput({ writeOut: (part) => (text += part) })
  verb.outputHelp()
  return text.trimEnd().split('\n')
}

export function showVersion({ output }: CliContext): void {
  // Resolved by the package's own name, because the relative path differs between sources and build.
  const { version } = createRequire(import.meta.url)('hms-svc/package.json') as { version: string }
  output.data({ name: 'hms-svc', version, node: process.versions.node }, () => [`hms-svc ${version}`])
}
