import { ServiceRuntime } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { parseCorpus } from '../replay/corpus.js'
import type { Reading } from '../replay/reading.js'
import { CORPORA, CORPUS_CONTENT } from './corpus.entity.js'

const KEPT = 4

/** Parsed corpora, the last few by digest: a corpus of 7,700 readings takes longer to parse than to replay. */
@Injectable()
export class Readings {
  private readonly parsed = new Map<string, Reading[]>()

  constructor(private readonly runtime: ServiceRuntime) {}

  /** `undefined` when no such corpus is registered. */
  async of(corpusId: string): Promise<Reading[] | undefined> {
    const corpus = await this.runtime.database.transaction((tx) => tx.documents(CORPORA).get(corpusId))
    if (corpus === undefined) return undefined
    const known = this.parsed.get(corpus.digest)
    if (known !== undefined) return known
    const content = await this.runtime.database.transaction((tx) => tx.documents(CORPUS_CONTENT).get(corpusId))
    if (content === undefined) return undefined
    const { readings } = parseCorpus(Buffer.from(content.content), { id: corpusId, format: corpus.format, map: corpus.map })
    this.parsed.set(corpus.digest, readings)
    for (const digest of this.parsed.keys()) if (this.parsed.size > KEPT) this.parsed.delete(digest)
    return readings
  }
}
