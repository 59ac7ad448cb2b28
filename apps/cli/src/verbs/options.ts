import { RUN_STATES } from '#libs/contracts'
import { usageError } from '../errors.js'

/** Kind of candidates for a value in shell completion: names from the services or the key folder, or the topics. */
export type Completion = 'policy' | 'version' | 'run' | 'ticket' | 'partner' | 'freeze' | 'signer' | 'topic'

export interface OptionSpec {
  about: string
  needed?: true
  choices?: readonly string[]
  conflicts?: readonly string[]
  default?: unknown
  parse?: (value: string, before: never) => unknown
  complete?: Completion
}

/** Options by their flags, such as `--limit <number>`; a string is the description of the option. */
export type Options = Record<string, string | OptionSpec>

type Camel<S> = S extends `${infer A}-${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S extends string ? S : never
type FlagName<F> = F extends `--${infer N} ${string}` ? Camel<N> : F extends `--${infer N}` ? Camel<N> : never
type FlagValue<F, O> = O extends { parse: (...given: never) => infer T }
  ? T
  : O extends { choices: readonly (infer T)[] }
    ? T
    : F extends `${string},...>`
      ? string
      : F extends `${string}...>`
        ? string[]
        : F extends `${string}<${string}`
          ? string
          : F extends `${string}[${string}`
            ? string | true
            : true
type Given = { needed: true } | { default: {} }

/** Values of the options as commander passes them. */
export type FlagsOf<O> = { [F in keyof O as O[F] extends Given ? FlagName<F> : never]: FlagValue<F, O[F]> } & {
  [F in keyof O as O[F] extends Given ? never : FlagName<F>]?: FlagValue<F, O[F]>
}

export function needed<const A extends string>(about: A): { about: A; needed: true } {
  return { about, needed: true }
}

/** Refuses a repeated `--sign`: commander keeps the last of several values, and the other people would believe that they have signed. */
function oneSigner(name: string, before: string | undefined): string {
  if (before === undefined) return name
  throw usageError(`--sign is given twice, for "${before}" and for "${name}": each person signs by a call of their own`)
}

/** Returns the option that names the person whose key signs. */
export const signer = (about: string) => ({ about, parse: oneSigner, complete: 'signer' }) as const

export const PASSPHRASE_FILE = { '--passphrase-file <file>': 'file that holds the passphrase (HMS_KEY_PASSPHRASE)' } as const
export const SIGN = { '--sign <name>': { ...signer('whose key signs'), needed: true } } as const
export const SIGN_SUCH_AS = { '--sign <name>': { ...signer('whose key signs, such as "EPA Chief"'), needed: true } } as const
export const EXPECT_DIGEST = { '--expect-digest <digest>': 'refuse to sign anything else' } as const
const WATCH_RUN = { '--watch': 'follow the run until it ends or pauses' } as const

const REASON_ABOUT = 'why; recorded in the audit log, for people of the installation'
export const REASON = { '--reason <text>': needed(REASON_ABOUT) } as const
const REASON_IF_ANY = { '--reason <text>': REASON_ABOUT } as const
export const WHY = { '--reason <text>': needed('why') } as const
export const PUBLIC_REASON = { '--public-reason <text>': 'the reason sent to partners; the reason itself stays internal' } as const

export const SIGNED_DECISION = { ...REASON, ...PUBLIC_REASON, ...SIGN, ...PASSPHRASE_FILE } as const

export const AS_READER = { '--region <region>': 'as a bot of this region sees it', '--bot <id>': 'as this bot sees it' } as const

export const PORT = { '--port <number>': 'where to serve (HMS_PORT)' } as const
export const DATA = { '--data <folder>': 'data folder (HMS_DATA_DIR)' } as const
export const REPORT = { '--report <file>': 'writes the impact as an HTML page that opens without the network' } as const
const POLICY_OR_VERSION = { '--policy <id>': { about: 'of one policy, `ID` or `ID@VERSION`', complete: 'version' } } as const
export const RUN = { '--run <number>': 'of one run' } as const

export const REASON_IN_TRAIL = { '--reason <text>': needed('why; recorded in the audit trail') } as const

/** Options of a request that a person, or the operator of `dev`, signs. */
export const AS_PERSON = {
  '--sign <name>': signer('whose key signs the request, such as "EPA Chief"; default with dev: the operator key of the data folder'),
  ...PASSPHRASE_FILE,
} as const
export const DECIDE_LETTER = { '--reason <text>': `${REASON_ABOUT}; needed to discard, and with --sign`, ...AS_PERSON } as const

/** Collects the values of a repeated flag. */
const collect = (value: string, before: string[] = []): string[] => [...before, value]

// The following options belong to one verb each; its code takes `FlagsOf<typeof NAME>`.

export const DIGEST = { '--digest <digest>': 'expected digest of the content, `sha256:HEX`; required with an https address' } as const

export const APPROVE = {
  ...SIGN_SUCH_AS,
  '--canary <share>': 'share of traffic that gets it first: 0.05 or 5%',
  '--scope <scope>': 'where the canary is, such as region:NCR, or region:* for all regions',
  '--ramp <steps>': {
    about: 'steps of the canary, each observed separately: "5% NCR, 100% NCR, 25%, 100%"',
    conflicts: ['canary', 'scope'],
  },
  '--observe <duration>': 'how long the canary is watched',
  '--bake <duration>': 'how long the full rollout is watched',
  '--partners <ids>': { about: 'partners and groups to notify, separated by commas', complete: 'partner' },
  '--fallback <id@version...>': { about: 'further versions that a rollback may restore', complete: 'version' },
  '--metric <name=query...>': 'what a Prometheus must answer for the canary to pass, such as "errors=error_ratio < bool 0.05"',
  '--author <name>': 'author; default: the owner of the policy',
  '--author-from-git': {
    about: 'author of each file: who committed it; runs no hook or filter that the repository configures',
    conflicts: ['author'],
  },
  '--reason <text>': 'why, for the record',
  ...EXPECT_DIGEST,
  ...PASSPHRASE_FILE,
  '--queue': 'wait behind the active run of the policy',
  '--supersede': { about: 'end the runs of the policy that are under way', conflicts: ['queue'] },
  ...WATCH_RUN,
} as const

export const BREAK_GLASS = {
  '--sign <name>': { about: 'whose key signs; give it once for each of them', needed: true, parse: collect, complete: 'signer' },
  '--reason <text>': needed('why; it is signed, and bots can read it'),
  '--author <name>': 'author; default: the owner of the policy',
  ...EXPECT_DIGEST,
  '--passphrase-file <file>': {
    about: 'file that holds the passphrase (HMS_KEY_PASSPHRASE); once for all, or for each --sign',
    parse: collect,
  },
  ...WATCH_RUN,
} as const

export const RUNS = {
  '--open': 'those that have not ended',
  '--state <state>': { about: 'those in one state', choices: RUN_STATES },
  '--before <number>': 'those with a smaller number: where the next page begins',
  '--limit <number>': 'maximum number, up to 1000',
} as const

export const GET = {
  ...AS_READER,
  '--at <time>': 'what was in force for all at that time (RFC 3339)',
  '--known <time>': 'with --at: as it was recorded by that time',
  '--version <version>': 'this version of the policy',
} as const

export const WATCH_POLICIES = {
  '--exec <program>': 'run it for the present version and each change: the policy as JSON on its stdin, no shell',
  '--exec-timeout <duration>': 'how long one run may take; default: 60s',
  '--region <region>': AS_READER['--region <region>'],
  '--bot <id>': 'as this bot, which then counts as a reader',
} as const

export const ROLLBACK = {
  '--only': 'this policy alone, although it went live in a bundle',
  ...REASON_IF_ANY,
  ...PUBLIC_REASON,
  '--sign <name>': signer('whose key signs; required unless the version is a fallback'),
  ...PASSPHRASE_FILE,
} as const

export const AUDIT_LOG = {
  ...RUN,
  '--by <name>': 'entries of what this person signed, decided, froze, revoked or sent again',
  '--type <type>': 'of one type, such as `approval.approved`',
  '--since <time>': 'RFC 3339, or how long ago: `2h`',
  '--before <entry>': 'entries older than this one',
  '--limit <number>': 'maximum number, up to 1000; default: 200',
} as const

export const EXPORT = {
  '--out <file>': 'output file; an existing export is continued',
  '--since <time>': 'only entries since then, RFC 3339',
  '--follow <folder>': { about: 'keep a folder up to date, a file a day, until Ctrl-C', conflicts: ['out', 'since', 'check'] },
  '--check <file>': {
    about: 'verify an export file or folder against the pinned roster, without any service',
    conflicts: ['out', 'since'],
  },
} as const

export const ALERT = {
  '--bot <id>': needed('who reports'),
  '--region <region>': needed('where'),
  '--kind <kind>': needed('such as Violation'),
  '--value <value>': needed('what was measured'),
  '--reading <json>': 'the reading behind it, a JSON object',
  '--policy <id@version>': { about: 'the policy the bot judged by', complete: 'version' },
} as const

export const DELIVERIES = {
  ...RUN,
  ...POLICY_OR_VERSION,
  '--state <state>': 'pending, delivered, dead or superseded',
  '--since <time>': 'made since then, RFC 3339 or how long ago (`2h`)',
  '--limit <number>': 'maximum number; default: 500',
  '--before <id>': 'the page after this delivery',
} as const

export const REDRIVE = {
  '--failed': 'all dead deliveries that match the other options',
  '--partner <id>': 'to one partner',
  ...POLICY_OR_VERSION,
  '--since <time>': 'given up since then, RFC 3339 or how long ago (`2h`)',
  '--until <time>': 'given up before then',
  ...REASON_IN_TRAIL,
} as const

export const LISTEN = {
  '--forward <url>': needed('where each message is posted'),
  '--partner <id>': 'only notifications of this partner',
  '--secret <secret>': '`whsec_…` to sign with (HMS_WEBHOOK_SECRET); default: a generated one',
  '--from <time>': 'start time, RFC 3339 or how long ago (`1h`)',
} as const

export const SIGN_ROSTER = {
  ...SIGN_SUCH_AS,
  '--out <file>': 'with FILE: output file; a roster that already has signatures is updated in place',
  ...EXPECT_DIGEST,
  ...PASSPHRASE_FILE,
} as const

export const CREATE_TOKEN = {
  ...AS_PERSON,
  '--scope <scope...>': needed('what it may do: operate, read, bot:ID or partner:ID'),
  '--region <name>': 'region of the bot that holds the key; the key is valid for no other region',
  '--name <text>': 'what it is for',
  '--expires <duration>': 'lifetime, such as 90d or 12h; default: one year, at most two',
} as const

export const DEMO = {
  '--once': "end with the run's exit code",
  '--observe <duration>': 'how long the canary is watched',
  ...PORT,
  ...DATA,
} as const

/** Parses TEMPLATE=FILE and appends it. Splits at the first `=`: a template can be renamed to avoid one, the target file perhaps not. */
function collectWrites(text: string, before: readonly { template: string; file: string }[]): { template: string; file: string }[] {
  const [, template, file] = /^([^=]+)=(.+)$/s.exec(text) ?? []
  if (template === undefined || file === undefined)
    throw usageError(`--write ${text} is not TEMPLATE=FILE, such as --write limits.tpl=limits.env`, ['hms-svc sidecar --help'])
  return [...before, { template, file }]
}

export const SIDECAR = {
  '--port <number>': 'where to answer (HMS_SIDECAR_PORT)',
  '--socket <path>': { about: 'a Unix socket instead (HMS_SIDECAR_SOCKET)', conflicts: ['port'] },
  '--write <template=file>': { about: 'keep a file up to date: a template with {{ ID.FIELD }}', parse: collectWrites, default: [] },
  '--policies <ids>': 'only these policies, separated by commas (HMS_POLICIES); default: all',
} as const
