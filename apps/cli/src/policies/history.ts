import { verifyHistory, type ApiClient, type JudgedEntry, type PinnedRosters } from '#libs/client'
import { HmsError, NOT_BY_CALLER, type ChangeView, type PolicyHistoryEntry, type Verification } from '#libs/contracts'
import type { CliContext } from '../context.js'
import type { Columns } from '../output/table.js'
import { requireName } from '../errors.js'
import { numberFlag } from '../flags.js'
import { noRosterHere, newestRostersHere } from '../roster/rosters-here.js'

/** Maximum number of entries in one response of the service. */
const PAGE = 200
/** Maximum number of entries shown; `export` has the rest. */
const MAX_ENTRIES = 10_000

type EntryState = 'HELD' | 'IN_FORCE' | 'REPLACED' | 'WITHDRAWN'

/** Line of an entry. An entry that does not verify shows its `seq` and the error, and none of its claims. */
type Line =
  | (PolicyHistoryEntry & { state: EntryState; verification: Verification; isChangeUnknown?: boolean })
  | ({ state: 'UNVERIFIED'; version: null; detail: string; code: string } & Pick<PolicyHistoryEntry, 'seq'>)

/** Shows every version ever in force for all, newest first. Marks each that does not verify (exit 10). Warns without a roster. */
export async function showHistory(context: CliContext, id: string, options: { limit?: string }): Promise<void> {
  requireName(id, 'the id of a policy', 'hms-svc policies list')
  const limit = numberFlag('--limit', options.limit, { least: 1, most: MAX_ENTRIES, verb: 'history' }) ?? MAX_ENTRIES
  const client = await context.client()
  // One entry more than is shown: the oldest line shows its changes from that entry.
  const [{ entries: found, isSigned }, rosters] = await Promise.all([readAll(client, id, limit + 1), newestRostersHere(context, client)])
  const now = context.io.now()
  if (rosters === undefined) noRosterHere(context)
  const claimed = found.map(({ record: _record, ...entry }): JudgedEntry => ({ entry }))
  const judged = rosters === undefined ? claimed : await verified(id, found, rosters)
  const lines: Line[] = judged.slice(0, limit).map((each) => lineOf(each, now, rosters !== undefined))
  context.output.list(lines, COLUMNS, `No policy ${id} was ever in force.`, ({ state }) => (state === 'UNVERIFIED' ? 'bad' : undefined))
  if (lines.length === MAX_ENTRIES) context.output.note(`The newest ${MAX_ENTRIES} are shown; hms-svc export has all`)
  requireVerified(id, lines, isSigned)
}

const COLUMNS: Columns<Line> = {
  VERSION: (line) => (isUnverified(line) ? '✗' : line.version),
  STATE: 'state',
  'IN FORCE FROM': (line) => (isUnverified(line) ? null : line.from),
  UNTIL: (line) => (isUnverified(line) ? null : line.until),
  RECORDED: (line) => (isUnverified(line) ? null : line.recordedAt),
  RUN: (line) => (isUnverified(line) ? null : line.run),
  'APPROVED BY': (line) => (isUnverified(line) ? null : line.approvedBy.join(', ')),
  WHY: (line) => (isUnverified(line) ? `head ${line.seq}: ${line.detail} (${line.code})` : causeText(line)),
  CHANGED: (line) => (isUnverified(line) ? null : changed(line)),
  DIGEST: (line) => (isUnverified(line) ? null : line.digest),
}

function isUnverified(line: Line): line is Extract<Line, { state: 'UNVERIFIED' }> {
  return line.state === 'UNVERIFIED'
}

async function verified(id: string, entries: readonly PolicyHistoryEntry[], rosters: PinnedRosters): Promise<JudgedEntry[]> {
  const judged = verifyHistory(id, entries, rosters.all())
  return judged.some(({ refusal }) => refusal !== undefined) ? verifyHistory(id, entries, await rosters.allEver()) : judged
}

function lineOf({ entry, refusal, isChangeUnknown }: JudgedEntry, now: number, isVerified: boolean): Line {
  // guard: history-verified
  if (refusal !== undefined) return { version: null, state: 'UNVERIFIED', seq: entry.seq, code: refusal.code, detail: refusal.detail }
  const verification = isVerified ? 'by-caller' : NOT_BY_CALLER
  return { ...entry, state: stateOf(entry, now), verification, ...(isChangeUnknown ? { isChangeUnknown } : {}) }
}

function requireVerified(id: string, lines: readonly Line[], isSigned: boolean): void {
  const refused = lines.filter(({ state }) => state === 'UNVERIFIED')
  if (refused.length === 0) return
  if (!isSigned) {
    const detail = `The service sends the history of ${id} unsigned, as earlier builds do, so it cannot be verified.`
    throw new HmsError('HMS_VERIFY_HISTORY', detail, { status: 502, next: [`hms-svc get ${id} --version VERSION`] })
  }
  const detail =
    `${refused.length} of ${lines.length} lines of the history of ${id} do not verify: ` +
    `the database was changed, or the roster here is of another time.`
  throw new HmsError('HMS_VERIFY_HISTORY', detail, { status: 502, next: ['hms-svc audit verify', 'hms-svc export --out FILE'] })
}

/** Reads the newest entries. `isSigned`: false for a service of an earlier build, which does not support `signed`. */
async function readAll(client: ApiClient, id: string, limit: number): Promise<{ entries: PolicyHistoryEntry[]; isSigned: boolean }> {
  const entries: PolicyHistoryEntry[] = []
  let signed: 'true' | undefined = 'true'
  for (let before: number | undefined; entries.length < limit;) {
    try {
      const page: PolicyHistoryEntry[] = await client.get('/v1/policies/{id}/history', { id, limit: PAGE, before, signed })
      if (page.length === 0) break
      entries.push(...page)
      before = page.at(-1)!.seq
    } catch (error) {
      if (!(error instanceof HmsError && error.status === 400 && signed !== undefined)) throw error
      signed = undefined
    }
  }
  return { entries: entries.slice(0, limit), isSigned: signed !== undefined }
}

function stateOf({ version, from, until }: PolicyHistoryEntry, now: number): EntryState {
  if (Date.parse(from) > now) return 'HELD'
  if (until !== null && Date.parse(until) <= now) return 'REPLACED'
  return version === null ? 'WITHDRAWN' : 'IN_FORCE'
}

/** Returns the changed fields; `null` for a first version, which changes everything. */
function changed({ differences, isChangeUnknown }: Pick<PolicyHistoryEntry, 'differences'> & { isChangeUnknown?: boolean }): string | null {
  if (isChangeUnknown === true) return 'unknown: the previous entry does not verify'
  if (differences.every(({ from }) => from === undefined)) return null
  const texts = differences.filter(({ field }) => field !== 'version').map(({ text }) => text)
  return texts.length === 0 ? null : texts.join('; ')
}

/** Formats `rollback by Air Office: tree frogs were seen`. The signers of a run are omitted, because they have their own column. */
export function causeText({ cause, by = [], reason }: Partial<ChangeView>): string | null {
  if (cause === undefined) return null
  const who = cause === 'run' || by.length === 0 ? '' : ` by ${by.join(', ')}`
  return `${cause}${who}${(reason ?? null) === null ? '' : `: ${reason}`}`
}
