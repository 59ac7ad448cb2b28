import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { AuditEntry } from '#libs/contracts'
import { MemoryBus } from '#libs/messaging/testing'
import { Metrics, silentLogger, systemClock, uuidv7 } from '#libs/platform'
import { demoRoster, generateKeyPair, localSigner, readRoster, signEvent, signRoster, verifyCheckpoint } from '#libs/signing'
import { Host, loadService, migrateService, openPostgresService } from '#libs/service'
import { scratchFolder, until } from '../support/processes.js'
import { freshDatabase } from '../support/postgres.js'

const PAGE = readFileSync(fileURLToPath(new URL('../../docs/reference/postgresql.md', import.meta.url)), 'utf8')
/** What an administrator pastes: before `migrate`, and after it. */
const [ONCE, AFTER_MIGRATE] = [...PAGE.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, block]) => block!)

const chief = generateKeyPair()
const keys = new Map(['audit', 'linter', 'audit-log', 'witness', 'operator'].map((name) => [name, generateKeyPair()]))
const signerOf = (name: string) => localSigner(keys.get(name)!.privateKey)

/** Audit with the rights of the PostgreSQL reference: its role may add to the log and read it, and nothing else. */
describe('the service’s own role in the database', () => {
  // Roles are the server's, which other tests share.
  const suffix = randomBytes(4).toString('hex')
  let database: Awaited<ReturnType<typeof freshDatabase>>
  const scratch = scratchFolder()
  let host: Host
  let url: string
  let bus: MemoryBus
  let service: Client
  let roster: Awaited<ReturnType<typeof makeRoster>>

  const named = (sql: string): string =>
    sql
      .replaceAll(/\bhms_(owner|migrate|audit)\b/g, `hms_$1_${suffix}`)
      .replace('DATABASE hms ', `DATABASE ${new URL(database.url).pathname.slice(1)} `)
  const urlAs = (role: string, password: string): string => {
    const as = new URL(database.url)
    as.username = `hms_${role}_${suffix}`
    as.password = password
    return as.href
  }

  beforeAll(async () => {
    database = await freshDatabase()
    const definition = await loadService('audit')
    await administer(named(ONCE!))
    await migrateService(definition, urlAs('migrate', 'choose one'))
    await administer(named(AFTER_MIGRATE!))
    bus = new MemoryBus()
    roster = await makeRoster()
    const serviceUrl = urlAs('audit', 'choose another')
    host = await Host.create(['audit'], {
      profile: 'dev',
      environment: { HMS_DATA_DIR: scratch.path },
      clock: systemClock,
      log: silentLogger,
      metrics: new Metrics(),
      roster,
      bus,
      signerOf: async (name) => signerOf(name),
      signerNamed: async (name) => signerOf(name),
      open: (each) => openPostgresService(each, { url: serviceUrl, clock: systemClock, log: silentLogger, embedded: false }),
      configStoreUrls: [],
      version: '0.0.0-test',
    })
    url = `http://127.0.0.1:${await host.start({ host: '127.0.0.1', port: 0 })}`
    service = new Client({ connectionString: serviceUrl })
    await service.connect()
  })
  afterAll(async () => {
    await service?.end()
    await host?.stop()
    const owner = named('hms_owner')
    await administer(named(`DROP OWNED BY ${owner} CASCADE; DROP OWNED BY hms_audit; DROP ROLE hms_audit, hms_migrate, ${owner}`))
    await database.drop()
    scratch.remove()
  })

  it('is enough to run audit: events are recorded, the tree grows, checkpoints are published', async () => {
    expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ status: expect.stringMatching(/up|degraded/) })
    for (let keySeq = 1; keySeq <= 300; keySeq++) await publish(keySeq)
    bus.announce()
    await until('the log is published', async () => {
      const checkpoint = await fetch(`${url}/checkpoint`)
      return checkpoint.ok && verifyCheckpoint(await checkpoint.text(), roster.logPolicy!).size === 300
    })
    expect((await service.query('SELECT count(*)::int AS n FROM audit.tree_node')).rows).toEqual([{ n: 1 }])
    expect((await (await fetch(`${url}/v1/audit/entries?limit=1000`)).json()) as AuditEntry[]).toHaveLength(300)
  })

  it.each([
    ...['entry', 'tree_node', 'checkpoint', 'logged_release', 'entry_actor', 'kept_event', 'attestation'].flatMap((table) => [
      `DELETE FROM audit.${table}`,
      `TRUNCATE audit.${table}`,
      `ALTER TABLE audit.${table} DISABLE TRIGGER ALL`,
      `DROP TRIGGER ${table}_only_grows ON audit.${table}`,
      `DROP TABLE audit.${table}`,
      `ALTER TABLE audit.${table} OWNER TO CURRENT_USER`,
    ]),
    'UPDATE audit.entry SET run = 2',
    "UPDATE audit.checkpoint SET note = ''",
    'INSERT INTO audit.entry SELECT * FROM audit.entry ON CONFLICT (index) DO UPDATE SET run = 2',
    'CREATE OR REPLACE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$',
    'DROP FUNCTION audit.refuse_change() CASCADE',
    'DROP SCHEMA audit CASCADE',
    'SET session_replication_role = replica',
    'SET ROLE hms_owner',
    'DELETE FROM audit.migration',
    'CREATE TABLE audit.entry_copy (index bigint)',
  ])('may not %s', async (sql) => {
    await expect(service.query(named(sql))).rejects.toMatchObject({
      code: '42501',
      message: expect.stringMatching(/permission denied|must be owner/),
    })
  })

  async function publish(keySeq: number): Promise<void> {
    const head = {
      id: uuidv7(),
      source: '/hms-svc/linter',
      type: 'hms.lint.failed.v1',
      topic: 'hms.lint.v1',
      key: 'ozone',
      keySeq,
      time: new Date().toISOString(),
      runId: '7',
      attempt: 1,
    }
    const envelope = await signEvent({ ...head, data: { n: keySeq } }, signerOf('linter'))
    await bus.publish([{ ...head, value: JSON.stringify(envelope) }])
  }

  async function administer(sql: string): Promise<void> {
    const admin = new URL(inject('postgresUrl'))
    admin.pathname = new URL(database.url).pathname
    const client = new Client({ connectionString: admin.href })
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }
})

async function makeRoster() {
  const member = (name: string) => ({ name, spki: keys.get(name)!.spki })
  const log = { spki: member('audit-log').spki, witness: member('witness').spki }
  const predicate = demoRoster({
    people: [{ name: 'EPA Chief', spki: chief.spki }],
    services: ['audit', 'linter'].map(member),
    operator: member('operator'),
    log,
    expires: '2036-01-01T00:00:00Z',
  })
  predicate.roles = predicate.roles.filter(({ name }) => name !== 'critical')
  return readRoster(await signRoster(predicate, [localSigner(chief.privateKey)]))
}
