import { isSameBytes } from '#libs/contracts'
import { replaceFile } from '#libs/files'
import { readCheckpoint, openNote, SignatureError, type Checkpoint, type HashTree } from '#libs/signing'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readGivenText } from '../files.js'

/** Checkpoint of the last successful `audit verify` here: a log that was rewritten since does not extend it. */
export class SeenCheckpoint {
  private readonly folder: string

  constructor(
    private readonly dataDir: string,
    origin: string,
  ) {
    this.folder = join(dataDir, 'checkpoints', encodeURIComponent(origin))
  }

  /** Throws `HMS_PROOF_INVALID` if the tree does not begin with the stored checkpoint; returns that checkpoint, if any. */
  async continuedBy(tree: HashTree): Promise<Checkpoint | undefined> {
    if (!existsSync(this.file)) return undefined
    const seen = readCheckpoint(openNote(await readGivenText(this.file)).body)
    if (seen.size > tree.size)
      throw new SignatureError(
        'HMS_PROOF_INVALID',
        `the log has ${tree.size} entries, and had ${seen.size} when it was verified here before`,
      )
    if (!isSameBytes(tree.root(seen.size), seen.root))
      throw new SignatureError('HMS_PROOF_INVALID', `the first ${seen.size} entries are not those that were verified here before`)
    return seen
  }

  /** Stores nothing without a data folder. */
  async keep(note: string): Promise<void> {
    if (!existsSync(this.dataDir)) return
    await mkdir(this.folder, { recursive: true })
    // Another `audit verify` may end at the same time.
    await replaceFile(this.file, note, 0o644)
  }

  private get file(): string {
    return join(this.folder, 'checkpoint')
  }
}
