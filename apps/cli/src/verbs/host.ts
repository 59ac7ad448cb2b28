import { DATA, DEMO, PORT, RUN, SIDECAR, needed } from './options.js'
import { area, under, verb } from './verb.js'

const sidecar = verb('sidecar', 'local agent beside a service: verified policies on loopback, over one upstream connection', {
  options: SIDECAR,
  examples: ['--port 7185', '--socket /run/hms.sock'],
  run: async () => (await import('../hosting/sidecar.js')).runSidecar,
})

const topics = area(
  'topics',
  'topics of the bus',
  [
    verb('list', 'each topic: events a minute, how far its readers are behind, dead letters, size and purpose', {
      run: async () => (await import('../topics/list.js')).listTopics,
    }),
    verb('tail [topic]', 'events as they come, a line each, until Ctrl-C; of all topics on which stages publish, or of one', {
      argument: { about: 'its name, or a unique part of it: canary' },
      options: { '--from <time>': 'start time: RFC 3339, or how long ago (`10m`); default: now', ...RUN },
      examples: ['', 'canary --from 10m', '--run 184 --json'],
      complete: 'topic',
      run: async () => (await import('../topics/tail.js')).tailTopics,
    }),
    verb('apply', 'make the broker match the catalogue', { run: async () => (await import('../hosting/topics.js')).applyCatalogue }),
    verb('diff', 'what `apply` would change', { run: async () => (await import('../hosting/topics.js')).diffCatalogue }),
    verb('republish', 'publish the events in the outboxes again, after the broker lost some', {
      options: { '--since <time>': needed('RFC 3339, or how long ago: 2h') },
      examples: ['--since 2h'],
      run: async () => (await import('../hosting/topics.js')).republish,
    }),
  ],
  ['list', 'tail', 'diff', 'apply', 'republish'],
)

/** Verbs that run services, or work on their database and broker. */
export const HOST = [
  ...under('Operate', [
    verb('dev', 'all services with an embedded database and bus, until Ctrl-C', {
      options: { ...PORT, ...DATA, '--reset': 'start with an empty data folder' },
      examples: ['', '--port 8080 --data /var/tmp/hms', '--reset'],
      run: async () => (await import('../hosting/dev.js')).runDev,
    }),
    verb('demo', 'the PM 2.5 story on a fleet of bots: from signature to partners', {
      options: DEMO,
      examples: ['', '--once --observe 5s'],
      run: async () => (await import('../hosting/demo.js')).runDemo,
    }),
    verb('serve [services...]', 'run the named services in this process; `edge` and `witness` each run alone', {
      options: { '--all': 'all of them' },
      examples: ['approver linter', '--all', 'edge'],
      run: async () => (await import('../hosting/serve.js')).runServe,
    }),
  ]),
  ...under('Build', [sidecar]),
  ...under('Operate', [
    verb('migrate', 'bring the database schemas up to date', {
      options: { '--create': 'makes the database first, if it is missing' },
      run: async () => (await import('../hosting/databases.js')).runMigrate,
    }),
    verb('recover', 'after a restore from a backup: raise all counters above what readers have seen, so that they accept documents again', {
      options: {
        '--ahead <number>': { about: 'how far to raise; more than the numbers assigned since the backup', default: '100000' },
        '--data <folder>': 'data folder of an embedded database (HMS_DATA_DIR)',
      },
      examples: ['', '--data .hms --ahead 1000000'],
      run: async () => (await import('../hosting/databases.js')).runRecover,
    }),
    topics,
  ]),
]
