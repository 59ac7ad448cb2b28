import { documentTable } from '#libs/persistence'

export interface RegisteredCorpus {
  id: string
  format: 'csv' | 'jsonl'
  map: Record<string, string>
  readings: number
  digest: string
  addedAt: string
}

export const CORPORA = documentTable<RegisteredCorpus>({ name: 'corpus', id: (corpus) => corpus.id, keys: {} })
export const MAX_CORPORA = 50

/** Megabytes, apart from what lists show. */
export interface CorpusContent {
  id: string
  content: string
}

export const CORPUS_CONTENT = documentTable<CorpusContent>({ name: 'corpus_content', id: (corpus) => corpus.id, keys: {} })

/** A corpus of 32 MiB as a JSON string, with its escapes. */
export const CORPUS_BODY_LIMIT_BYTES = 40 * 1024 * 1024
