import { entrySentence } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { numberFlag, parseRunNumber, timeOf } from '../flags.js'
import type { AUDIT_LOG, FlagsOf } from '../verbs/options.js'

type AuditLogOptions = FlagsOf<typeof AUDIT_LOG>

const LIMIT = 200
const MAX_LIMIT = 1_000
const NOT_VERIFIED = 'Reported by the service: hms-svc audit verify checks the log, hms-svc export --check FILE also who acted and why.'

/** Shows the newest matching entries, oldest first. Older entries are requested with `--before` and the index of the first entry. */
export async function showAuditLog(context: CliContext, options: AuditLogOptions): Promise<void> {
  const { output } = context
  const run = options.run === undefined ? undefined : parseRunNumber(options.run)
  const limit = numberFlag('--limit', options.limit, { least: 1, most: MAX_LIMIT, verb: 'audit log' }) ?? LIMIT
  const query = {
    run,
    by: options.by,
    // `canary.passed` stands for `hms.canary.passed.v1`.
    type: options.type === undefined || options.type.startsWith('hms.') ? options.type : `hms.${options.type}.v1`,
    since: options.since === undefined ? undefined : timeOf('--since', options.since, context.io.now()),
    before: numberFlag('--before', options.before, { least: 0, most: Number.MAX_SAFE_INTEGER, verb: 'audit log' }),
  }
  const found = await context.get('/v1/audit/entries', { ...query, order: 'newest', limit, acts: true })
  output.list(
    found.toReversed(),
    {
      ENTRY: 'index',
      AT: 'at',
      RUN: (entry) => (entry.run === null ? null : `#${entry.run}`),
      SOURCE: 'source',
      TYPE: 'type',
      KEY: 'key',
      // Events without acts of people are named by their type alone.
      WHAT: (entry) => (entry.acts === undefined || entry.acts.length === 0 ? null : entrySentence(entry)),
    },
    Object.values(query).every((value) => value === undefined) ? 'Nothing is recorded yet.' : whenNone(run, options),
  )
  if (found.length > 0 && output.mode !== 'json') output.note(NOT_VERIFIED)
  const first = found.at(-1)?.index
  if (found.length === limit && first !== undefined && first > 0 && output.mode !== 'json')
    output.note(`These are the newest ${limit}; with --before ${first} come those before them.`)
}

function whenNone(run: number | undefined, options: AuditLogOptions): string {
  const isOnlyRun = Object.entries(options).every(([name, value]) => name === 'run' || value === undefined)
  return isOnlyRun ? `Nothing is recorded of run #${run} yet.` : 'Nothing that is recorded matches.'
}
