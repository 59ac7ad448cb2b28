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

  /** Resolves when the copy is as new as `revision`, which a reader heard of at another instance. */
  reach(revision?: number): Promise<void> {
    return this.copy.reach(revision)
  }
}
