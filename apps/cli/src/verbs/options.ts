import { usageError } from '../errors.js'
import { needed } from './verb.js'

/**
 * Refuses a repeated `--sign`: commander keeps the last of several values, and the other people would believe that they have signed.
 */
function oneSigner(name: string, before: string | undefined): string {
  if (before === undefined) return name
  throw usageError(`--sign is given twice, for "${before}" and for "${name}": each person signs by a call of their own`)
}

/** Option of the person whose key signs. */
export const signer = (about: string) => ({ about, parse: oneSigner, complete: 'signer' }) as const

export const PASSPHRASE_FILE = { '--passphrase-file <file>': 'file that holds the passphrase (HMS_KEY_PASSPHRASE)' } as const
export const SIGN = { '--sign <name>': { ...signer('whose key signs'), needed: true } } as const
export const SIGN_SUCH_AS = { '--sign <name>': { ...signer('whose key signs, such as "EPA Chief"'), needed: true } } as const
export const EXPECT_DIGEST = { '--expect-digest <digest>': 'refuse to sign anything else' } as const
export const WATCH_RUN = { '--watch': 'follow the run until it rests' } as const

const REASON_ABOUT = 'why: kept with the log, for people of the installation'
export const REASON = { '--reason <text>': needed(REASON_ABOUT) } as const
export const REASON_IF_ANY = { '--reason <text>': REASON_ABOUT } as const
export const WHY = { '--reason <text>': needed('why') } as const
export const PUBLIC_REASON = { '--public-reason <text>': 'the reason sent to partners; the reason itself stays internal' } as const

/** Options of a signed decision on a run, a ticket, an approval or a policy. */
export const SIGNED_DECISION = { ...REASON, ...PUBLIC_REASON, ...SIGN, ...PASSPHRASE_FILE } as const

/** Options of a reader whose view is shown. */
export const AS_READER = { '--region <region>': 'as a bot of this region sees it', '--bot <id>': 'as this bot sees it' } as const

export const PORT = { '--port <number>': 'where to serve (HMS_PORT)' } as const
export const DATA = { '--data <folder>': 'data folder (HMS_DATA_DIR)' } as const
export const REPORT = { '--report <file>': 'writes the impact as an HTML page that opens without the network' } as const
export const POLICY_OR_VERSION = { '--policy <id>': { about: 'of one policy, `ID` or `ID@VERSION`', complete: 'version' } } as const
export const RUN = { '--run <number>': 'of one run' } as const
