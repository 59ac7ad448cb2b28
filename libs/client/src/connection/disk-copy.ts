import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConfigDocument } from '#libs/contracts'
import type { FloorMemory } from '#libs/signing'
import { readIfThere, replaceFile } from '../keys/files.js'
import type { Reader } from './evaluate.js'

/** The last known good copy of one reader. */
export interface SavedCopy {
  format: 2
  revision: number
  /** Milliseconds since 1970. */
  savedAt: number
  documents: ConfigDocument[]
  /** What the reader must not be taken back behind; in the same file, so that neither is written without the other. */
  floors: FloorMemory
}

/**
 * A file per server and reader: what a server sends may depend on who asks, so one reader's copy is no resume point for
 * another. Replaced whole, so a process that dies while writing leaves the copy before.
 */
export class DiskCopy {
  readonly file: string
  private next: SavedCopy | undefined
  private writing: Promise<void> | undefined

  constructor(private readonly dir: string, url: string, reader: Reader, private readonly onError: (error: Error) => void) {
    const name = createHash('sha256').update(JSON.stringify([url, reader.bot ?? null, reader.region ?? null])).digest('hex').slice(0, 16)
    this.file = join(dir, `policies-${name}.json`)
  }

  /** `undefined` when there is none, or none that can be read; the latter is reported. */
  async load(): Promise<SavedCopy | undefined> {
    try {
      const text = await readIfThere(this.file)
      if (text === undefined) return undefined
      const copy = JSON.parse(text) as Partial<SavedCopy>
      if (isSavedCopy(copy)) return copy
      throw new TypeError(`${this.file} is not a copy of policies`)
    } catch (error) {
      this.onError(asError(error))
      return undefined
    }
  }

  /** Writes in the background; of copies that come while one is being written only the newest follows. */
  save(copy: SavedCopy): void {
    this.next = copy
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined
    })
  }

  /** Resolves when nothing is left to write. */
  async settled(): Promise<void> {
    await this.writing
  }

  private async writeAll(): Promise<void> {
    try {
      await mkdir(this.dir, { recursive: true, mode: 0o700 })
      while (this.next !== undefined) {
        const copy = this.next
        this.next = undefined
        await replaceFile(this.file, JSON.stringify(copy), 0o600)
      }
    } catch (error) {
      this.onError(asError(error))
    }
  }
}

function isSavedCopy(copy: Partial<SavedCopy> | null): copy is SavedCopy {
  return copy?.format === 2 && typeof copy.floors === 'object' && Number.isSafeInteger(copy.revision) && Number.isFinite(copy.savedAt) && Array.isArray(copy.documents)
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
