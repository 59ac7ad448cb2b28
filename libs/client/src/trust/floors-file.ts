import { createHash } from 'node:crypto'
import { lstat } from 'node:fs/promises'
import { HmsError, jsonIn } from '#libs/contracts'
import { isFloorMemory, type FloorMemory } from '#libs/signing'
import { codeOf, replaceFile } from '#libs/files'
import { readIfThere } from '../keys/files.js'

/** State of a reader that protects it from rollback attacks. */
export interface SavedFloors {
  floors: FloorMemory
  /** The reader's time when it was saved: newest signed time plus the time since then, in epoch ms; `null` before any contact. */
  signedMs: number | null
}

/** File of floors, apart from documents, which may be lost. If it is damaged, or missing beside documents, an operator must act. */
export class FloorsFile {
  /** `documents`: path of the documents that these floors belong to. */
  constructor(
    readonly file: string,
    private readonly documents: string,
  ) {}

  /** Loads the floors; `undefined` if there are none yet. Throws `HMS_FLOORS_DAMAGED`. */
  async load(): Promise<SavedFloors | undefined> {
    const text = await readOwnFile(this.file).catch((error: Error) => this.refuse(error.message, error))
    if (text === undefined) return undefined
    const saved = (jsonIn(text) ?? {}) as Partial<SavedFloors> & { format?: unknown; sha256?: unknown }
    const { format, floors, signedMs, sha256 } = saved
    if (
      format === 1 && // guard: floors-checksum
      isFloorMemory(floors) &&
      (signedMs === null || Number.isFinite(signedMs)) &&
      sha256 === sumOf({ floors, signedMs: signedMs! })
    ) {
      return { floors, signedMs: signedMs! }
    }
    return this.refuse(`${this.file} is damaged`)
  }

  /** Throws `HMS_FLOORS_DAMAGED`: documents exist without their floors, so the floors file was removed. */
  missing(): never {
    return this.refuse(`${this.file} is missing, and ${this.documents} is there`)
  }

  async save({ floors, signedMs }: SavedFloors): Promise<void> {
    await replaceFile(this.file, JSON.stringify({ format: 1, floors, signedMs, sha256: sumOf({ floors, signedMs }) }), 0o600)
  }

  private refuse(why: string, cause?: unknown): never {
    const detail =
      `${why}: it records the releases below which this reader must not be rolled back, so nothing is read without it. ` +
      `Restore it from a copy. To start over, and trust the next release received, remove it together with ${this.documents}.`
    throw new HmsError('HMS_FLOORS_DAMAGED', detail, { status: 500, cause, next: [`rm ${this.file} ${this.documents}`] })
  }
}

/** Checksum against accidental corruption only; an attacker with write access can recompute it. */
function sumOf({ floors, signedMs }: SavedFloors): string {
  return createHash('sha256')
    .update(JSON.stringify([floors, signedMs]))
    .digest('hex')
}

/** Returns the text of a file of this program; `undefined` if there is none. Throws for a symbolic link: the program creates none. */
export async function readOwnFile(path: string): Promise<string | undefined> {
  try {
    if ((await lstat(path)).isSymbolicLink()) throw new TypeError(`${path} is a symbolic link`)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined
    throw error
  }
  return readIfThere(path)
}
