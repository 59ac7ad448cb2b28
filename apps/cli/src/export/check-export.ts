import { basename } from 'node:path'
import { canonicalJson, EXIT, HmsError, isSameBytes, toHex, type AuditEntry, type Envelope, type LiveRecord } from '#libs/contracts'
import { formatCursor, headKey, PUBLISHED, publishedIn, type ExportRecord } from '#libs/export'
import { HashTree, leafHash, nextRoster, readRoster, SignatureError, verifyCheckpointOfAny, type Roster } from '#libs/signing'
import type { CliContext } from '../context.js'
import { Problems } from '../output/problems.js'
import { pinnedRoster } from '../roster/rosters-here.js'
import { ExpectedHeads } from './expected-heads.js'
import { judgeLive, LiveRefused } from './judge-live.js'
import { filesOf, readExport } from './read-export.js'
import { checkEvent, invalid, requireMembers, requireWholeEnvelope, requireWholeNote } from './strict.js'

/**
 * Verifies an export by the pinned roster alone: each entry, document and head. A missing, moved or changed line is a problem. `file`: a
 * file, or the folder of `--follow`, whose daily files are read as one export.
 */
export async function checkExport(context: CliContext, file: string): Promise<number> {
  const pinned = await pinnedRoster(context)
  const problems = new Problems()
  const check = new ExportCheck(pinned, problems)
  try {
    await check.run(await filesOf(file))
  } catch (error) {
    if (!(error instanceof HmsError) || error.code !== 'HMS_EXPORT_MALFORMED') throw error
    // Reading stops at an invalid line. Problems found before that line are reported with it.
    if (problems.none) throw new HmsError(error.code, error.detail, { status: 422, next: error.next, cause: error })
    problems.add(file, error.detail)
  }
  problems.raise()
  const { checked } = check
  const { good } = context.output.paint
  context.output.data({ file, ...checked }, () => [
    `${good('✓')} ${file}: ${checked.entries} entries, under ${checked.checkpoints} witnessed checkpoints`,
    `${good('✓')} each of ${checked.live} documents that were live was approved, and the log proves it`,
    `${good('✓')} all heads that the log reports as stored are present`,
  ])
  return EXIT.done
}

const ROTATED = 'hms.roster.rotated.v1'
/** Allowed members of each type of record, in the order of an export: rosters, entries, heads, the checkpoint over them. */
const MEMBERS: Record<ExportRecord['type'], readonly string[]> = {
  export: ['v', 'installation'],
  roster: ['version', 'envelope'],
  entry: ['entry', 'event'],
  live: ['record'],
  missing: ['head'],
  checkpoint: ['size', 'note'],
  cursor: ['cursor'],
}
const ORDER = Object.keys(MEMBERS)
/** A head that is missing has the place of its record. */
const rankOf = (type: ExportRecord['type']): number => ORDER.indexOf(type === 'missing' ? 'live' : type)

class ExportCheck {
  private readonly tree = new HashTree()
  /** Rosters read from the file, beginning with the first one of the installation; each is the successor of the one before. */
  private readonly chain: Roster[] = []
  private readonly expected = new ExpectedHeads()
  readonly checked = { entries: 0, live: 0, withdrawn: 0, checkpoints: 0 }
  /** Hash of the last entry, in hex. */
  private lastLeaf = ''
  /** Type of the previous record; `undefined` before the first. */
  private last: ExportRecord['type'] | undefined

  constructor(
    private readonly pinned: Roster,
    private readonly problems: Problems,
  ) {}

  async run(files: readonly string[]): Promise<void> {
    for (const file of files) await this.read(file, files.length === 1 ? '' : `${basename(file)} `)
    if (this.last !== 'checkpoint' && this.last !== 'cursor')
      this.problems.add('the end', 'the end: no checkpoint covers the last lines, so the file was cut, or they were added')
  }

  private async read(file: string, name: string): Promise<void> {
    for await (const { line, record } of readExport(file)) {
      const place = `${name}line ${line}`
      await this.attempt(place, () => {
        const { type, ...members } = record
        requireMembers(members, MEMBERS[type], `a record of type ${type}`)
        this.requireOrder(type)
      })
      this.last = record.type
      await this.attempt(place, () => this.take(record, place))
    }
  }

  /** Runs a check and records its failure as a problem, including an error that a member of the wrong type causes. */
  private async attempt(place: string, check: () => Promise<void> | void): Promise<void> {
    try {
      await check()
    } catch (error) {
      if (error instanceof SignatureError || error instanceof HmsError) this.problems.add(place, `${place}: ${error.detail}`)
      else if (error instanceof LiveRefused) this.problems.add(place, `${place}: ${error.message}`)
      else if (error instanceof TypeError || error instanceof SyntaxError || error instanceof RangeError)
        this.problems.add(place, `${place}: it is not a record of an export (${error.message})`)
      else throw error
    }
  }

  private requireOrder(type: ExportRecord['type']): void {
    if (this.last === undefined && type !== 'export') throw invalid('the first line is not that of an export')
    if (this.last === undefined) return
    if (type === 'export') throw invalid('it begins a second export')
    const isComplete = this.last === 'checkpoint' || this.last === 'cursor'
    const isNext =
      isComplete || type === 'cursor' ? isComplete && !['live', 'missing', 'checkpoint'].includes(type) : rankOf(type) >= rankOf(this.last)
    if (!isNext) throw invalid(`a record of type ${type} follows a record of type ${this.last}: a line is missing or was moved`)
  }

  private take(record: ExportRecord, place: string): Promise<void> | void {
    switch (record.type) {
      case 'export':
        return this.begin(record)
      case 'roster':
        return this.follow(record.version, record.envelope)
      case 'entry':
        return this.append(record.entry, record.event)
      case 'live':
        return this.checkLive(record.record, place)
      case 'missing':
        return this.reportMissing(headKey(record.head))
      case 'checkpoint':
        return this.compare(record.size, record.note)
      case 'cursor':
        return this.compareCursor(record.cursor)
    }
  }

  private begin({ v, installation }: Extract<ExportRecord, { type: 'export' }>): void {
    if (installation !== this.pinned.installation) throw invalid('it is of another installation than the roster')
    if (v !== 1) throw invalid(`it has version ${String(v)}, but this hms-svc reads version 1`)
  }

  /** Rosters that may verify a record, oldest first: those read from the file, and the pinned one until the file has its version. */
  private get rosters(): readonly Roster[] {
    const newest = this.chain.at(-1)
    return newest === undefined || newest.version < this.pinned.version ? [...this.chain, this.pinned] : this.chain
  }

  /** Appends the next roster. The pinned roster names the digest of the first, so the chain is as trustworthy as the pinned roster. */
  private follow(version: number, envelope: Envelope): void {
    const before = this.chain.at(-1)
    const next = before === undefined ? readRoster(envelope) : nextRoster(before, envelope)
    if (before === undefined && (next.installation !== this.pinned.installation || next.digest !== this.pinned.installation))
      throw invalid('the first roster is not that of this installation')
    if (next.version !== version) throw invalid(`the record names roster ${version}, but the signed roster is ${next.version}`)
    if (next.version === this.pinned.version && next.digest !== this.pinned.digest)
      throw invalid(`it is another roster ${version} than the pinned one`)
    this.chain.push(next)
    requireWholeEnvelope(envelope, this.chain.slice(-2))
  }

  private append({ index, leafHash: statedHash, ...facts }: AuditEntry, event: Envelope | undefined): void {
    this.checked.entries++
    const leaf = leafHash(Buffer.from(canonicalJson(facts as never)))
    const expected = this.tree.size
    this.tree.append(leaf)
    this.lastLeaf = toHex(leaf)
    if (index !== expected) throw invalid(`it is entry ${index}, but ${expected} was expected`)
    if (toHex(leaf) !== statedHash) throw invalid(`entry ${index} does not match its stated hash`)
    const entry = { index, leafHash: statedHash, ...facts }
    checkEvent(entry, event, this.rosters)
    if (entry.type === PUBLISHED) this.expected.add(publishedIn(entry, event))
    // The entry's key is the roster version.
    if (entry.type === ROTATED && Number(entry.key) > (this.chain.at(-1)?.version ?? 0))
      throw invalid(`the log reports roster ${entry.key}, but its record is missing`)
  }

  private async checkLive(record: LiveRecord, place: string): Promise<void> {
    const { logged, missing } = this.expected.match(record)
    for (const head of missing)
      this.problems.add(place, `${place}: the record of ${head} is missing before that of ${headKey(record)}, or was moved`)
    try {
      const { live, withdrawn } = await judgeLive(record, logged, this.rosters)
      this.checked.live += live
      this.checked.withdrawn += withdrawn
    } catch (error) {
      if (!(error instanceof LiveRefused)) throw error
      throw new LiveRefused(`${record.policy} ${record.seq}: ${error.message}`)
    }
  }

  private reportMissing(head: string): void {
    this.expected.excuse(head)
    throw invalid(`the history of config-store did not have ${head}, which the log reports as stored`)
  }

  private compare(stated: number, note: string): void {
    const missing = this.expected.end()
    if (missing.length > 0) throw invalid(`the log reports ${missing.join(', ')} as stored, but their records are missing before this line`)
    const { size, root } = verifyCheckpointOfAny(note, this.rosters.at(-1)!.logPolicies)
    if (size !== stated) throw invalid(`the record names ${String(stated)} entries, but the signed checkpoint has ${size}`)
    if (size !== this.tree.size) throw invalid(`a checkpoint of ${size} entries, after ${this.tree.size}`)
    // guard: export-root
    if (!isSameBytes(this.tree.root(), root)) throw invalid(`the first ${size} entries do not have the root that the log signed`)
    requireWholeNote(note, this.rosters)
    this.checked.checkpoints++
  }

  private compareCursor(cursor: string): void {
    const position = { roster: this.chain.at(-1)?.version ?? 0, entries: this.tree.size, leafHash: this.lastLeaf }
    if (cursor !== formatCursor(position)) throw invalid('it is the cursor of another place')
  }
}
