import { canonicalJson, EXIT, type AuditEntry, type Envelope, type LiveRecord } from '#libs/contracts'
import { HashTree, leafHash, nextRoster, SignatureError, verifyCheckpointOfAny, type Roster } from '#libs/signing'
import type { CliContext } from '../context.js'
import { Problems } from '../audit/problems.js'
import { pinnedRoster } from '../roster/pinned-roster.js'
import { judgeLive, LiveRefused } from './judge-live.js'
import { readExport } from './read-export.js'

interface Checked {
  entries: number
  live: number
  withdrawn: number
  checkpoints: number
}

/**
 * Reads an export as a stranger would, with nothing but the pinned roster: every entry is hashed anew and must be where the witnessed
 * checkpoints say, every document must be approved, proven and made live by the roster's people and services. Needs no service.
 */
export async function checkExport(context: CliContext, file: string): Promise<number> {
  const pinned = await pinnedRoster(context)
  const problems = new Problems()
  const checked = await new ExportCheck(pinned, problems).run(file)
  if (checked.checkpoints === 0) problems.add(file, 'no checkpoint ends it: it was cut')
  problems.raise()
  context.output.data({ file, ...checked }, () => [
    `${context.output.paint.good('✓')} ${file}: ${checked.entries} entries, under ${checked.checkpoints} witnessed checkpoints`,
    `${context.output.paint.good('✓')} each of ${checked.live} documents that were live was approved, and the log proves it`,
  ])
  return EXIT.done
}

class ExportCheck {
  private readonly tree = new HashTree()
  private readonly rosters: Roster[]
  private readonly checked: Checked = { entries: 0, live: 0, withdrawn: 0, checkpoints: 0 }
  private covered = true

  constructor(
    pinned: Roster,
    private readonly problems: Problems,
  ) {
    this.rosters = [pinned]
  }

  async run(file: string): Promise<Checked> {
    for await (const { line, record } of readExport(file)) {
      const place = `line ${line}`
      switch (record.type) {
        case 'export':
          if (record.installation !== this.newest.installation) this.problems.add(place, 'it is of another installation than the roster')
          break
        case 'roster':
          await this.problems.check(place, async () => this.follow(record.envelope))
          break
        case 'entry':
          this.append(record.entry, place)
          break
        case 'live':
          await this.judge(record.record, place)
          break
        case 'checkpoint':
          await this.problems.check(place, async () => this.compare(record.note))
      }
    }
    if (!this.covered) this.problems.add('the end', 'entries stand behind the last checkpoint')
    return this.checked
  }

  private get newest(): Roster {
    return this.rosters.at(-1)!
  }

  /** Those before the pinned one are behind us. */
  private follow(envelope: Envelope): void {
    const version = versionOf(envelope)
    if (version <= this.newest.version) return
    this.rosters.push(nextRoster(this.newest, envelope))
  }

  private append({ index, leafHash: said, ...facts }: AuditEntry, place: string): void {
    this.covered = false
    this.checked.entries++
    if (index !== this.tree.size) return this.problems.add(place, `it is entry ${index}, and ${this.tree.size} is the next`)
    const leaf = leafHash(Buffer.from(canonicalJson(facts as never)))
    if (leaf.toString('hex') !== said) this.problems.add(place, `entry ${index} is not the one whose hash it shows`)
    this.tree.append(leaf)
  }

  private compare(note: string): void {
    const { size, root } = verifyCheckpointOfAny(note, this.newest.logPolicies)
    if (size !== this.tree.size) throw new SignatureError('HMS_PROOF_INVALID', `a checkpoint of ${size} entries, after ${this.tree.size}`)
    if (!this.tree.root().equals(root))
      throw new SignatureError('HMS_PROOF_INVALID', `the first ${size} entries do not have the root that the log signed`)
    this.covered = true
    this.checked.checkpoints++
  }

  private async judge(record: LiveRecord, place: string): Promise<void> {
    try {
      const { live, withdrawn } = await judgeLive(record, this.rosters)
      this.checked.live += live
      this.checked.withdrawn += withdrawn
    } catch (error) {
      if (!(error instanceof LiveRefused)) throw error
      this.problems.add(place, `${record.policy} ${record.seq}: ${error.message}`)
    }
  }
}

function versionOf(envelope: Envelope): number {
  const { predicate } = JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')) as { predicate?: { version?: unknown } }
  return typeof predicate?.version === 'number' ? predicate.version : 0
}
