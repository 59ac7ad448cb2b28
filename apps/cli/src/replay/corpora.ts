import { EXIT, type CorpusRegistration } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'
import { readGivenText } from '../files.js'
import { registerDocument } from '../register-document.js'

export interface AddCorpusOptions {
  id: string
  map?: string
}

const MAX_CORPUS_BYTES = 16 * 1024 * 1024

export async function addCorpus(context: CliContext, file: string, options: AddCorpusOptions): Promise<number> {
  const registration: CorpusRegistration = {
    id: options.id,
    format: /\.(jsonl|ndjson)$/i.test(file) ? 'jsonl' : 'csv',
    content: await readGivenText(file, MAX_CORPUS_BYTES),
    ...(options.map === undefined ? {} : { map: parseFieldMap(options.map) }),
  }
  return registerDocument(context, registration, (client) => client.post('/v1/corpora', registration), `Corpus ${options.id} registered`)
}

/** Parses `at=date,pm25=pm25_ug_m3`: field of a reading = column of the file. */
export function parseFieldMap(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => {
    const [, field, column] = /^\s*([^=\s]+)\s*=\s*(.*\S)\s*$/.exec(pair) ?? []
    if (field !== undefined && column !== undefined) return [field, column] as const
    throw usageError(`--map takes field=column pairs, such as at=date,pm25=pm25_ug_m3; "${pair}" is none`)
  })
  return Object.fromEntries(pairs)
}

export async function listCorpora(context: CliContext): Promise<number> {
  const client = await context.client()
  context.output.list(
    await client.get('/v1/corpora'),
    [
      { heading: 'CORPUS', cell: (corpus) => corpus.id },
      { heading: 'READINGS', cell: (corpus) => corpus.readings },
      { heading: 'ADDED', cell: (corpus) => corpus.addedAt },
      { heading: 'DIGEST', cell: (corpus) => corpus.digest },
    ],
    'No corpora yet. Register one: hms-svc corpora add FILE --id ID',
  )
  return EXIT.done
}
