import type { CorpusSummary } from '#libs/contracts'
import { documentTable } from '#libs/persistence'

/** `digest`: of all that the parsed readings depend on: content, format, map, and the id, which names rows without an id of their own. */
export interface RegisteredCorpus extends CorpusSummary {
  format: 'csv' | 'jsonl'
  map: Record<string, string>
}

export const CORPORA = documentTable<RegisteredCorpus>({ name: 'corpus', id: (corpus) => corpus.id, keys: {} })
export const MAX_CORPORA = 50

/**
 * Content of a corpus. It may have megabytes, so it is separate from the listed summary. The row includes the parsing options, so one read
 * gives a consistent corpus even during a replacement.
 */
export interface CorpusContent extends Pick<RegisteredCorpus, 'id' | 'format' | 'map' | 'digest'> {
  content: string
}

export const CORPUS_CONTENT = documentTable<CorpusContent>({ name: 'corpus_content', id: (corpus) => corpus.id, keys: {} })

/** Body limit for a corpus of 32 MiB as a JSON string with its escapes. */
export const CORPUS_BODY_LIMIT_BYTES = 40 * 1024 * 1024
