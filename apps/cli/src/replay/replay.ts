import type { BotRegistration, CorpusRegistration, ScenarioRegistration, SchemaRegistration } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { listing } from '../documents.js'
import { usageError } from '../errors.js'
import { readDocument, readGivenText, readYamlMap } from '../files.js'

export async function addBot(context: CliContext, file: string, { id, critical }: { id: string; critical?: boolean }): Promise<void> {
  const bot: BotRegistration = { id, source: await readGivenText(file), critical: critical === true }
  context.output.result((await context.post('/v1/bots', bot)) ?? bot, [`Bot ${id} registered`])
}

export const listBots = listing(
  (client) => client.get('/v1/bots'),
  { BOT: 'id', CRITICAL: ({ critical }) => (critical ? 'yes' : 'no'), ADDED: 'addedAt', POLICIES: ({ policies }) => policies.join(', ') },
  'No bots yet. Register one: hms-svc bots add FILE --id ID',
)

export async function addScenario(context: CliContext, file: string, { digest }: { digest?: string }): Promise<void> {
  const scenario: ScenarioRegistration = { file, source: await readDocument(context, file, digest) }
  context.output.result((await context.post('/v1/scenarios', scenario)) ?? scenario, [`Scenario of ${file} registered`])
}

export const listScenarios = listing(
  (client) => client.get('/v1/scenarios'),
  { SCENARIO: 'id', CORPUS: 'corpus', POLICIES: ({ policies }) => policies.join(', '), ALERT: 'alert' },
  'No scenarios yet. Register one: hms-svc scenarios add FILE',
)

const MAX_CORPUS_BYTES = 16 * 1024 * 1024

type CorpusFlags = { id: string; map?: string; digest?: string }

export async function addCorpus(context: CliContext, file: string, { id, map, digest }: CorpusFlags): Promise<void> {
  const corpus: CorpusRegistration = {
    id,
    format: /\.(jsonl|ndjson)([?#].*)?$/i.test(file) ? 'jsonl' : 'csv',
    content: await readDocument(context, file, digest, MAX_CORPUS_BYTES),
    map: map === undefined ? undefined : parseFieldMap(map),
  }
  context.output.result((await context.post('/v1/corpora', corpus)) ?? corpus, [`Corpus ${id} registered`])
}

/** Parses `at=date,pm25=pm25_ug_m3`: field of a reading = column of the file. */
function parseFieldMap(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => {
    const [, field, column] = /^\s*([^=\s]+)\s*=\s*(.*\S)\s*$/.exec(pair) ?? []
    if (field !== undefined && column !== undefined) return [field, column] as const
    throw usageError(`--map takes field=column pairs, such as at=date,pm25=pm25_ug_m3; "${pair}" is none`)
  })
  return Object.fromEntries(pairs)
}

export const listCorpora = listing(
  (client) => client.get('/v1/corpora'),
  { CORPUS: 'id', READINGS: 'readings', ADDED: 'addedAt', DIGEST: 'digest' },
  'No corpora yet. Register one: hms-svc corpora add FILE --id ID',
)

export async function addSchema(context: CliContext, file: string, { name }: { name: string }): Promise<void> {
  const schema: SchemaRegistration = { name, schema: await readYamlMap(file) }
  context.output.result((await context.post('/v1/schemas', schema)) ?? schema, [`Schema ${name} registered`])
}

export const listSchemas = listing(
  (client) => client.get('/v1/schemas'),
  { SCHEMA: 'name' },
  'No schemas yet. Register one: hms-svc schemas add FILE --name NAME',
)
