import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HmsError, type ConfigDocument } from '#libs/contracts'
import { replaceFile } from '#libs/files'
import type { Reader } from '#libs/evaluation'
import { FloorsFile, readOwnFile, type SavedFloors } from '../trust/floors-file.js'

/** Documents of the last known good copy of one reader. */
export interface SavedDocuments {
  /** Policies of the reader; absent for all. */
  policies?: readonly string[]
  revision: number
  /** Epoch milliseconds at which the server last confirmed the copy. */
  savedAt: number
  documents: ConfigDocument[]
}

/** Copy on disk in two files, named by server, reader and policies, which determine its documents. A crash during a write loses nothing. */
export class DiskCopy {
  readonly file: string
  readonly floors: FloorsFile
  private next: (SavedDocuments & SavedFloors) | undefined
  private writing: Promise<void> | undefined
  private hasFloors = false

  constructor(
    private readonly dir: string,
    url: string,
    reader: Reader,
    private readonly onError: (error: Error) => void,
    private readonly policies?: readonly string[],
  ) {
    const name = createHash('sha256')
      .update(JSON.stringify([url, reader.bot ?? null, reader.region ?? null, ...(policies === undefined ? [] : [policies])]))
      .digest('hex')
      .slice(0, 16)
    this.file = join(dir, `policies-${name}.json`)
    this.floors = new FloorsFile(join(dir, `floors-${name}.json`), this.file)
  }

  /** Loads the copy; omits unreadable documents. Throws `HMS_FLOORS_DAMAGED` if the floors are unreadable, or missing beside documents. */
  async load(): Promise<{ documents?: SavedDocuments; floors?: SavedFloors }> {
    const floors = await this.floors.load()
    const documents = await this.loadDocuments()
    if (floors === undefined && documents !== undefined) return this.floors.missing() // guard: floors-missing
    this.hasFloors = floors !== undefined
    return { ...(documents === undefined || documents === 'damaged' ? {} : { documents }), ...(floors === undefined ? {} : { floors }) }
  }

  /** Writes the copy in the background. Of several copies saved during a write, only the newest is written next. */
  save(copy: SavedDocuments & SavedFloors): void {
    this.next = copy
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined
    })
  }

  /** Resolves when all writes are done. */
  async settled(): Promise<void> {
    await this.writing
  }

  private async loadDocuments(): Promise<SavedDocuments | 'damaged' | undefined> {
    try {
      const text = await readOwnFile(this.file)
      if (text === undefined) return undefined
      const copy = JSON.parse(text) as Partial<SavedDocuments & { format: unknown }> | null
      if (
        copy?.format === 3 &&
        JSON.stringify(copy.policies ?? null) === JSON.stringify(this.policies ?? null) &&
        Number.isSafeInteger(copy.revision) &&
        Number.isFinite(copy.savedAt) &&
        Array.isArray(copy.documents)
      )
        return copy as SavedDocuments
      throw new TypeError('not a copy of policies')
    } catch (error) {
      const detail = `${this.file} cannot be read, and is left out: ${asError(error).message}. The floors beside it hold.`
      this.onError(new HmsError('HMS_CACHE_UNREADABLE', detail, { status: 500, cause: error, next: [`rm ${this.file}`] }))
      return 'damaged'
    }
  }

  private async writeAll(): Promise<void> {
    try {
      await mkdir(this.dir, { recursive: true, mode: 0o700 })
      while (this.next !== undefined) {
        const { floors, signedMs, ...documents } = this.next
        this.next = undefined
        // The first write starts with the floors, because documents without floors would be refused at the next start. Later writes start
        // with the documents, because each head in them is a floor too.
        if (!this.hasFloors) await this.floors.save({ floors, signedMs })
        this.hasFloors = true
        await replaceFile(this.file, JSON.stringify({ format: 3, policies: this.policies, ...documents }), 0o600)
        await this.floors.save({ floors, signedMs })
      }
    } catch (error) {
      const detail = `${this.dir} cannot be written: ${asError(error).message}. Values stay in use; after a restart, older ones may be.`
      this.onError(new HmsError('HMS_CACHE_UNWRITABLE', detail, { status: 500, cause: error, next: [`df -h ${this.dir}`] }))
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
