import { HmsError, NOT_BY_CALLER } from '#libs/contracts'
import type { Reader } from '#libs/evaluation'
import { answerFlag, FlagBook, type EvaluationAnswer, type HeldPolicies } from '#libs/ofrep'
import { Injectable } from '@nestjs/common'
import { DocumentCopy } from '../copy/document-copy.js'
import { UnverifiedRows } from '../heads/unverified-rows.js'
import { StoreTime } from '../store-time.js'

/** Evaluates flags from this instance's copy. */
@Injectable()
export class Flags {
  readonly held: HeldPolicies
  readonly book: FlagBook

  constructor(
    private readonly copy: DocumentCopy,
    time: StoreTime,
    private readonly unverified: UnverifiedRows,
  ) {
    this.held = {
      policies: () => copy.policies(),
      documentsOf: (id) => copy.documentsOf(id),
      nowMs: () => time.nowMs(),
      verification: NOT_BY_CALLER,
    }
    this.book = new FlagBook(this.held)
    copy.onChange(() => this.book.forget())
  }

  /** Throws 404 `HMS_POLICY_NOT_FOUND`, or 503 `HMS_STORE_UNVERIFIED` for a policy whose stored document does not verify. */
  answer(key: string, reader: Reader, known?: string): EvaluationAnswer {
    try {
      return answerFlag(this.book, key, reader, known)
    } catch (error) {
      if (error instanceof HmsError && error.code === 'HMS_POLICY_NOT_FOUND') this.unverified.requireVerified(key.split('.')[0]!)
      throw error
    }
  }

  /** Revision of this copy. */
  get revision(): number {
    return this.copy.revision
  }

  /** Whether `reach` would resolve without waiting. */
  isAt(atLeast = 0): boolean {
    return this.copy.isRead && atLeast <= this.copy.revision
  }

  /**
   * Resolves when the copy is as new as `heard`, named in another instance's notification, or after a wait: clients poll again. `atLeast`,
   * which a reader requires, is met or rejected with `HMS_STORE_BEHIND`.
   */
  async reach(heard?: number, atLeast?: number): Promise<void> {
    await this.copy.reach(heard)
    await this.copy.require(atLeast)
  }
}
