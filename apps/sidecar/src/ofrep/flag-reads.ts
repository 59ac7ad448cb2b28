import { answerFlag, answerFlags, eventStream, FlagBook, readContext, type EvaluationAnswer, type HeldPolicies } from '#libs/ofrep'
import type { HeldValues, LocalReader } from '../held-values.js'
import type { Answer } from '../http/answer.js'

/**
 * OFREP on the reader's machine: config-store's responses, made from the verified copy. Each context names its reader; a context without a
 * region gets the side-car's own.
 */
export class FlagReads {
  readonly held: HeldPolicies
  private readonly book: FlagBook
  private readonly off: () => void

  constructor(
    private readonly values: HeldValues,
    private readonly reader: LocalReader,
  ) {
    const { documents } = values
    const state = (): 'READY' | 'STALE' => (values.state === 'READY' ? 'READY' : 'STALE')
    this.held = { policies: () => documents.policies(), documentsOf: (id) => documents.of(id), nowMs: () => documents.nowMs(), state }
    this.book = new FlagBook(this.held)
    this.off = documents.onTaken(() => this.book.forget())
  }

  /** Evaluates every flag, or the one with the key. Throws errors that OFREP defines. */
  answer(key: string | undefined, body: unknown, known?: string): Answer {
    const reader = readContext(body, this.reader.region)
    if (key !== undefined) return this.counted(answerFlag(this.book, key, reader, known))
    return this.counted(answerFlags(this.book, reader, known, { stream: eventStream() }))
  }

  close(): void {
    this.off()
  }

  private counted({ status, etag, body }: EvaluationAnswer): Answer {
    return { status, body, headers: { etag, 'cache-control': 'no-store', 'hms-state': this.values.state } }
  }
}
