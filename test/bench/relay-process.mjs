// One more instance of the linter's relay, in a process that a bench can kill. Runs what `npm run build` made; arguments: the database's
// URL, and the roster's envelope.
import { EmbeddedBus, PostgresOutboxStore, PostgresPositionStore, schemaOf } from '#libs/messaging'
import { createDataSource, PostgresDatabase, PostgresTimerStore, ServiceSession } from '#libs/persistence'
import { Metrics, silentLogger, systemClock } from '#libs/platform'
import { createRuntime } from '#libs/service'
import { readRoster } from '#libs/signing'
import { Pool } from 'pg'

const [url, roster] = process.argv.slice(2)
const schema = schemaOf('linter')
const source = createDataSource({ url, schema, entities: [], migrations: [] })
await source.initialize()
const database = new PostgresDatabase(source, schema)
const session = new ServiceSession(url, schema, systemClock, silentLogger)
await session.start()
const coordination = {
  leadership: session,
  notify: (topic) => session.notify(topic),
  onNotification: (listener) => session.onNotification(listener),
  close: () => session.stop(),
}
// It moves rows and neither signs nor verifies any.
const options = {
  name: 'linter',
  profile: 'dev',
  environment: {},
  database,
  clock: systemClock,
  log: silentLogger,
  metrics: new Metrics(),
  roster: readRoster(JSON.parse(roster)),
  configStoreUrls: [],
}
const stores = { outbox: new PostgresOutboxStore(), positions: new PostgresPositionStore(), timers: new PostgresTimerStore() }
const bus = new EmbeddedBus(new Pool(), systemClock, silentLogger)
createRuntime(options, stores, bus, coordination, async () => ({ database: true, migrations: true })).start()
