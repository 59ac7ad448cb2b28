import { FlagBook, type HeldPolicies } from '#libs/ofrep'
import { Injectable } from '@nestjs/common'
import { DocumentCopy } from '../copy/document-copy.js'
import { StoreTime } from '../store-time.js'

/** Evaluations of this instance's copy. */
@Injectable()
export class Flags {
  readonly held: HeldPolicies
  readonly book: FlagBook

  constructor(
    private readonly copy: DocumentCopy,
    time: StoreTime,
  ) {
    this.held = {
      policies: () => copy.policies(),
      documentsOf: (id) => copy.documentsOf(id),
      nowMs: () => time.nowMs(),
    }
    this.book = new FlagBook(this.held)
    copy.onChange(() => this.book.forget())
  }

  /** What this copy is up to. */
  get revision(): number {
    return this.copy.revision
  }

  /** Whether `reach` would wait for nothing. */
  isAt(atLeast = 0): boolean {
    return this.copy.isRead && atLeast <= this.copy.revision
  }

  /**
   * Resolves when the copy is as new as `heard`, which a notice of another instance named, or after a wait: clients ask again by
   * themselves. `atLeast`, which a reader demands, is given or refused: `HMS_STORE_BEHIND`.
   */
  async reach(heard?: number, atLeast?: number): Promise<void> {
    await this.copy.reach(heard)
    await this.copy.require(atLeast)
  }
}
