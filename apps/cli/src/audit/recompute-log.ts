import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ApiClient } from '#libs/client'
import { isSameBytes, jsonIn, type ApprovedReleases, type AuditEntry } from '#libs/contracts'
import {
  ApprovalTree,
  HashTree,
  leafHash,
  openNote,
  readCheckpoint,
  readEntryBundle,
  TILE_WIDTH,
  tilePath,
  verifyCheckpoint,
  type ApprovalRoot,
  type ApprovedRelease,
  type Checkpoint,
  type LogPolicy,
  type WitnessedCheckpoint,
} from '#libs/signing'
import { replaceFile } from '#libs/files'
import { invalid } from '../export/strict.js'
import { memoryFolder, readGivenText } from '../files.js'
import type { Problems } from '../output/problems.js'

export type LogReader = Pick<ApiClient, 'bytes' | 'get'>

/** Content of the entries, not yet verified. */
export interface LogContent {
  approved: Map<number, ApprovedRelease[]>
  /** Runs that published stable heads. */
  promoted: Set<number>
}

export interface RecomputedLog extends LogContent {
  checkpoint: WitnessedCheckpoint
  /** Note of the checkpoint, as served. */
  note: string
  tree: HashTree
}

export type Entry = Omit<AuditEntry, 'index' | 'leafHash'> & { releases?: ApprovalRoot }

const HASH_BYTES = 32
const APPROVED = 'hms.approval.approved.v1'
const PROMOTED = 'hms.rollout.promoted.v1'

/** Recomputes the tree of entries under the checkpoint. Adds mismatches to `problems`; throws `SignatureError` for a false checkpoint. */
export async function recomputeLog(
  client: LogReader,
  policy: LogPolicy,
  problems: Problems,
  onBundle?: (first: number, entries: readonly (Entry | undefined)[]) => Promise<void>,
): Promise<RecomputedLog> {
  const note = (await client.bytes('/checkpoint')).toString('utf8')
  const checkpoint = verifyCheckpoint(note, policy)
  const tree = new HashTree()
  const content: LogContent = { approved: new Map(), promoted: new Set() }
  const approvals = new Approvals(problems)
  for (let index = 0; index * TILE_WIDTH < checkpoint.size; index++) {
    const width = Math.min(TILE_WIDTH, checkpoint.size - index * TILE_WIDTH)
    const [bundle, tile, releases] = await Promise.all([
      client.bytes(`/tile/${tilePath({ level: 'entries', index, width })}`),
      client.bytes(`/tile/${tilePath({ level: 0, index, width })}`),
      client.get('/v1/audit/releases', { from: index * TILE_WIDTH }),
    ])
    approvals.add(releases)
    const entries = entriesOf(bundle, index, problems)
    if (entries.length !== width) problems.add('the log', `bundle ${index} has ${entries.length} entries, not ${width}`)
    // An entry that is not JSON is `undefined`; if it was changed, its leaf hash reveals that.
    const read = entries.map((bytes) => jsonIn(bytes.toString('utf8')) as Entry | undefined)
    for (const [at, entry] of entries.entries()) {
      const leaf = leafHash(entry)
      if (!isSameBytes(leaf, tile.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)))
        problems.add('the log', `entry ${index * TILE_WIDTH + at} is not the one whose hash the tile has`)
      tree.append(leaf)
      if (read[at] !== undefined) record(content, read[at], (root) => approvals.of(root, index * TILE_WIDTH + at))
    }
    await onBundle?.(index * TILE_WIDTH, read)
  }
  if (!isSameBytes(tree.root(), checkpoint.root))
    problems.add('the log', `the ${tree.size} entries do not have the root that the log signed over ${checkpoint.size}`)
  return { checkpoint, note, tree, ...content }
}

function entriesOf(bundle: Buffer, index: number, problems: Problems): Buffer[] {
  try {
    return readEntryBundle(bundle)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    problems.add('the log', `bundle ${index}: ${error.message}`)
    return []
  }
}

function record({ approved, promoted }: LogContent, entry: Entry, releasesOf: (approval: ApprovalRoot) => ApprovedRelease[]): void {
  const { type, run, releases } = entry
  if (run === null) return
  if (type === APPROVED && releases !== undefined) {
    // A retried run logs an approval of the same releases again.
    const known = approved.get(run) ?? []
    approved.set(run, [...known, ...releasesOf(releases).filter(({ digest }) => !known.some((each) => each.digest === digest))])
  }
  if (type === PROMOTED) promoted.add(run)
}

/** Approved releases by root hash; the log serves them separately from its entries. A list is used only for an entry with the same root. */
class Approvals {
  private readonly byRoot = new Map<string, ApprovedRelease[]>()

  constructor(private readonly problems: Problems) {}

  add(listed: readonly ApprovedReleases[]): void {
    for (const { releases } of listed) {
      const approved = releases.map(({ policy, version, digest }) => ({ id: policy, version, digest }))
      this.byRoot.set(new ApprovalTree(approved).root.root, approved)
    }
  }

  /** Returns the releases of the approval entry at `index`; missing releases are a problem. Entries of a retried run have the same root. */
  of({ root }: ApprovalRoot, index: number): ApprovedRelease[] {
    const approved = this.byRoot.get(root)
    if (approved === undefined) this.problems.add('the log', `entry ${index} is an approval, but the log does not name its releases`)
    return approved ?? []
  }
}

/** Checkpoint of the last successful `audit verify` on this machine. A log that was rewritten since then does not extend it. */
export class SeenCheckpoint {
  private readonly file: string

  constructor(dataDir: string, installation: string, origin: string) {
    this.file = join(memoryFolder(dataDir), 'checkpoints', encodeURIComponent(installation), encodeURIComponent(origin), 'checkpoint')
  }

  /** Throws `HMS_PROOF_INVALID` if the tree does not begin with the stored checkpoint; returns that checkpoint, if any. */
  async checkpointExtending(tree: HashTree): Promise<Checkpoint | undefined> {
    if (!existsSync(this.file)) return undefined
    const seen = readCheckpoint(openNote(await readGivenText(this.file)).body)
    if (seen.size > tree.size) throw invalid(`the log has ${tree.size} entries, but had ${seen.size} at the last verification here`)
    if (!isSameBytes(tree.root(seen.size), seen.root))
      throw invalid(`the first ${seen.size} entries are not those that were verified here before`)
    return seen
  }

  async keep(note: string): Promise<void> {
    await mkdir(dirname(this.file), { recursive: true })
    // Replaced atomically, because another `audit verify` may end at the same time.
    await replaceFile(this.file, note, 0o644)
  }
}
