import { createHash } from 'node:crypto'
import { HmsError } from '#libs/contracts'
import { isFloorMemory, type FloorMemory } from '#libs/signing'
import { replaceFile } from '#libs/files'
import { readOwnFile } from './read-own-file.js'

/** What a reader must not be taken back behind. */
export interface SavedFloors {
  floors: FloorMemory
  /** The newest time that rollout signed, and what had passed since, in ms since 1970; `null` before any contact. */
  signedMs: number | null
}

/**
 * Floors lie apart from the documents, which may be lost without harm: a reader that forgot its floors could be shown an older release. A
 * file that is damaged, or is missing beside documents, is therefore refused, and nothing is read until a person has decided.
 */
export class FloorsFile {
  /** `documents`: the file that these floors belong to. */
  constructor(
    readonly file: string,
    private readonly documents: string,
  ) {}

  /** `undefined` when there are none yet. Throws `HMS_FLOORS_DAMAGED`. */
  async load(): Promise<SavedFloors | undefined> {
    const text = await readOwnFile(this.file).catch((error: Error) => this.refuse(error.message, error))
    if (text === undefined) return undefined
    try {
      const { format, floors, signedMs, sha256 } = JSON.parse(text) as Partial<SavedFloors> & { format?: unknown; sha256?: unknown }
      if (
        format === 1 &&
        isFloorMemory(floors) &&
        (signedMs === null || Number.isFinite(signedMs)) &&
        sha256 === sumOf({ floors, signedMs: signedMs! })
      ) {
        return { floors, signedMs: signedMs! }
      }
    } catch {
      // Cut, or not JSON: refused like any other.
    }
    return this.refuse(`${this.file} is damaged`)
  }

  /** Documents are there and no floors: somebody took them away. */
  missing(): never {
    return this.refuse(`${this.file} is missing, and ${this.documents} is there`)
  }

  async save({ floors, signedMs }: SavedFloors): Promise<void> {
    await replaceFile(this.file, JSON.stringify({ format: 1, floors, signedMs, sha256: sumOf({ floors, signedMs }) }), 0o600)
  }

  private refuse(why: string, cause?: unknown): never {
    const detail =
      `${why}: it says behind which releases this reader must not be taken back, so nothing is read without it. ` +
      `Put it back from a copy. To begin anew, and trust the next release that is shown, remove it together with ${this.documents}.`
    throw new HmsError('HMS_FLOORS_DAMAGED', detail, { status: 500, cause, next: [`rm ${this.file} ${this.documents}`] })
  }
}

/** Against bits that change by themselves; anyone who may write the file may write this too. */
function sumOf({ floors, signedMs }: SavedFloors): string {
  return createHash('sha256')
    .update(JSON.stringify([floors, signedMs]))
    .digest('hex')
}
