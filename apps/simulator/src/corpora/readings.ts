import { Database } from '#libs/persistence'
import { Injectable } from '@nestjs/common'
import { parseCorpus } from '../replay/corpus.js'
import type { Reading } from '../replay/reading.js'
import { CORPORA, CORPUS_CONTENT } from './corpus.table.js'

const MAX_CACHED = 4

/** Parsed corpus. `digest`: the digest of the registered corpus, see `RegisteredCorpus`. */
export type CorpusReadings = { digest: string; readings: Reading[] }

/** Cache of the last used parsed corpora, by digest: a corpus of 7,700 readings takes longer to parse than to replay. */
@Injectable()
export class Readings {
  private readonly parsed = new Map<string, Reading[]>()

  constructor(private readonly database: Database) {}

  /** Returns `undefined` if no such corpus is registered. */
  async get(corpusId: string): Promise<CorpusReadings | undefined> {
    const { database } = this
    const corpus = await database.autocommit((tx) => tx.documents(CORPORA).get(corpusId))
    if (corpus === undefined) return undefined
    const known = this.parsed.get(corpus.digest)
    if (known !== undefined) return this.cache(corpus.digest, known)
    const stored = await database.autocommit((tx) => tx.documents(CORPUS_CONTENT).get(corpusId))
    if (stored === undefined) return undefined
    const { id, format, map, digest, content } = stored
    // Cached by the digest of the content read: the corpus may have been replaced since its summary was read.
    return this.cache(digest, parseCorpus(Buffer.from(content), { id, format, map }).readings)
  }

  private cache(digest: string, readings: Reading[]): CorpusReadings {
    this.parsed.delete(digest)
    this.parsed.set(digest, readings)
    for (const oldest of this.parsed.keys()) if (this.parsed.size > MAX_CACHED) this.parsed.delete(oldest)
    return { digest, readings }
  }
}
