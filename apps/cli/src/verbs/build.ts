import { ALERT, DIGEST, needed } from './options.js'
import { area, under, verb } from './verb.js'

/** Verbs for authors of bots. A registered document with a known id is replaced. */
export const BUILD = under('Build', [
  area('bots', 'bots that the replay executes', [
    verb('add <file>', 'register an ES module', {
      options: { '--id <id>': needed('name of the bot'), '--critical': 'this bot must adapt, whatever the others do' },
      examples: ['inspector.mjs --id inspector --critical'],
      run: async () => (await import('../replay/replay.js')).addBot,
    }),
    verb('list', 'registered bots', { run: async () => (await import('../replay/replay.js')).listBots }),
  ]),
  area('scenarios', 'expected behaviour of bots, which the replay checks', [
    verb('add <file>', 'register a scenario, from a file or an https address', {
      options: DIGEST,
      examples: ['pm25-violation.yaml', 'https://data.example.gov/pm25-violation.yaml --digest sha256:9f2c…'],
      run: async () => (await import('../replay/replay.js')).addScenario,
    }),
    verb('list', 'registered scenarios', { run: async () => (await import('../replay/replay.js')).listScenarios }),
  ]),
  area('corpora', 'readings that the replay feeds to bots', [
    verb('add <file>', 'register CSV or JSON Lines, from a file or an https address', {
      options: {
        '--id <id>': needed('name of the corpus'),
        '--map <field=column,...>': 'which column holds each field of a reading',
        ...DIGEST,
      },
      examples: ['virginia.csv --id virginia-2023 --map at=date,pm25=pm25_ug_m3'],
      run: async () => (await import('../replay/replay.js')).addCorpus,
    }),
    verb('list', 'registered corpora', { run: async () => (await import('../replay/replay.js')).listCorpora }),
  ]),
  area('schemas', 'JSON Schemas for the data of policies', [
    verb('add <file>', 'register a schema', {
      options: { '--name <name>': needed('what policies call it') },
      examples: ['limit.schema.json --name limit'],
      run: async () => (await import('../replay/replay.js')).addSchema,
    }),
    verb('list', 'registered schemas', { run: async () => (await import('../replay/replay.js')).listSchemas }),
  ]),
  verb('types', 'TypeScript declarations of the policies in force: a wrong id or field does not compile', {
    examples: ['> policies.d.ts'],
    run: async () => (await import('../policies/policies.js')).printTypes,
  }),
  verb('alert', 'report an alert as a bot would', {
    options: ALERT,
    examples: [`--bot inspector-7 --region NCR --kind Violation --value 30 --reading '{"id":"r1","pm25":30}'`],
    run: async () => (await import('../policies/alert.js')).reportAlert,
  }),
])
