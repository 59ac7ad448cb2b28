import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadIdentity } from '#libs/client'
import type { DeliveryView, IssuedToken } from '#libs/contracts'
import { EVENT_COLUMNS, eventOf, recordOf, type DeadLetter } from '#libs/messaging'
import { writeFreeze } from '#libs/signing'
import { until } from '../../support/processes.js'
import { testPool } from '../../support/postgres.js'
import { writeFiles } from './files.js'
import { FORMS } from './forms.js'
import type { Harness } from './harness.js'

const AT_ONCE = '--observe 0s --bake 0s --watch --quiet'
/** Longer than the test takes. */
const SLOWLY = '--observe 30m --quiet'
const PATIENCE_MS = 120_000

/** What has happened before the table begins: something of each kind to be seen, and something for each form to change. */
export async function prepare(harness: Harness): Promise<void> {
  await writeFiles(harness)
  await register(harness)
  await goLive(harness)
  await rest(harness)
  await hold(harness)
  await waitForOthers(harness)
  await harness.do('break-glass {policy:glass-kept} CHIEF COUNSEL WHY')
  await keepRosters(harness)
  await keepTokens(harness)
  await keepDeliveries(harness)
  await keepLetters(harness)
  // From its second time on it says that the log continues.
  await harness.do('audit verify')
}

async function register(harness: Harness): Promise<void> {
  await harness.do('partners add {file:here.yaml}')
  await harness.do('partners add {file:there.yaml}')
  await harness.do('bots add {assets}/bots/inspector.js --id inspector-1')
  await harness.do('corpora add {file:corpus.csv} --id two-days --map at=date,pm25=pm25_ug_m3')
  await harness.do('scenarios add {file:scenario.yaml}')
  await harness.do('schemas add {file:schema.json} --name limits')
  await harness.do('freezes add {file:winter.yaml} CHIEF')
}

/** 1.0.0 of what is to go back has to be a fallback, so 2.0.0 comes behind it. */
async function goLive(harness: Harness): Promise<void> {
  const named = (kind: string, version: string): string => FORMS.map((form) => `{policy:${kind}-${form}@${version}}`).join(' ')
  await harness.do(`approve {assets}/policies/pm25-1.5.0.yaml CHIEF ${AT_ONCE}`)
  await harness.do(`approve ${named('back', '1.0.0')} ${named('gone', '1.0.0')} CHIEF ${AT_ONCE}`)
  await harness.do(`approve ${named('back', '2.0.0')} CHIEF ${AT_ONCE}`)
  // Last: no earlier notification is sent there.
  await harness.do('partners add {file:nowhere.yaml}')
  await harness.do('partners add {file:post.yaml}')
}

/** Runs that stay as they are, each in a region of its own, where canaries take turns. */
async function rest(harness: Harness): Promise<void> {
  await Promise.all(['rest-observed', 'rest-paused', 'rest-aborted'].map((policy) => startCanary(harness, policy)))
  await harness.do('runs pause {run:rest-paused} CHIEF WHY')
  await harness.do('runs abort {run:rest-aborted} CHIEF WHY')
}

/** Runs about which each form decides. */
async function hold(harness: Harness): Promise<void> {
  for (const form of FORMS) {
    await Promise.all([startCanary(harness, `held-${form}`), startCanary(harness, `stuck-${form}`)])
    await harness.do(`runs pause {run:stuck-${form}} CHIEF WHY`)
  }
}

async function startCanary(harness: Harness, policy: string): Promise<void> {
  await harness.do(`approve {policy:${policy}} CHIEF --scope region:${policy} ${SLOWLY}`)
  await harness.until(policy, 'CANARY')
}

async function waitForOthers(harness: Harness): Promise<void> {
  for (const name of [...FORMS, 'kept']) await harness.do(`approve {policy:seat-${name}} CHIEF ${SLOWLY}`)
}

/** The roster, the next one as each form proposes it, a bundle that verifies by it and one that does not, and a statement to sign. */
async function keepRosters(harness: Harness): Promise<void> {
  harness.write('roster.json', await harness.do('roster show --json'))
  const next = JSON.parse(await harness.do('roster show --document --json')) as { roles: object[] }
  for (const form of FORMS) {
    const role = { name: `drill-${form}`, principals: ['epa-chief'], threshold: 1, match: { idPrefix: `drill-${form}-` } }
    harness.write(`roster-${form}.json`, JSON.stringify({ ...next, roles: [...next.roles, role] }))
  }
  await harness.do('audit bundle epa-pm25-limit --out {file:bundle} --quiet')
  const bundle = readFileSync(join(harness.folder, 'bundle'), 'utf8')
  harness.write(
    'tampered',
    bundle.replace(/("sig": ?")(.)/, (_, before: string, first: string) => before + (first === 'A' ? 'B' : 'A')),
  )
  const { roster } = await loadIdentity(harness.env['HMS_DATA_DIR']!)
  const said = { at: new Date(), installation: roster.installation }
  harness.write('statement.json', writeFreeze({ id: 'smog-week', reason: 'smog', scope: 'region:NCR' }, said).payload.toString())
}

async function keepTokens(harness: Harness): Promise<void> {
  for (const form of FORMS) {
    const issued = JSON.parse(await harness.do('tokens create --scope bot:inspector-1 CHIEF --json')) as IssuedToken
    harness.words.kept.set(`token-${form}`, issued.id)
  }
}

async function keepDeliveries(harness: Harness): Promise<void> {
  const find = (partner: string): Promise<DeliveryView[]> => harness.api.get('/v1/deliveries', { partner, state: 'delivered' })
  const all = async (): Promise<DeliveryView[]> => [...(await find('here')), ...(await find('there'))]
  await until('partners were told', async () => (await all()).length > FORMS.length, PATIENCE_MS)
  const found = await all()
  for (const [index, name] of ['kept', ...FORMS].entries()) harness.words.kept.set(`delivery-${name}`, found[index]!.id)
}

/** The approval of run 1, as if linter had given it up, several times. It is handled already, so that handling it again changes nothing. */
async function keepLetters(harness: Harness): Promise<void> {
  const pool = testPool(databaseUrl(harness))
  try {
    const { rows } = await pool.query(`SELECT ${EVENT_COLUMNS} FROM approver.outbox WHERE topic = 'hms.approval.v1' ORDER BY seq LIMIT 1`)
    const { topic, key, value, headers, position } = recordOf(eventOf(rows[0]), '0:1')
    for (const name of ['letter-kept', ...FORMS.flatMap((form) => [`replayed-${form}`, `discarded-${form}`])]) {
      const id = randomUUID()
      const given = { code: 'HMS_TEST_DRILL', detail: 'a drill', run: 1, tries: 10, at: new Date().toISOString() }
      const letter: DeadLetter = { id, group: 'linter', topic, key, value, headers, position, state: 'waiting', ...given }
      await pool.query('INSERT INTO linter.dead_letter (id, doc, topic, state, at) VALUES ($1, $2, $3, $4, $5)', [
        id,
        JSON.stringify(letter),
        topic,
        letter.state,
        letter.at,
      ])
      harness.words.kept.set(name, id)
    }
  } finally {
    await pool.end()
  }
}

/** The database of `dev`, which asks its own password. */
function databaseUrl({ env }: Harness): string {
  const read = (name: string): string => readFileSync(join(env['HMS_DATA_DIR']!, name), 'utf8').trim()
  return `postgres://hms:${read('postgres.password')}@127.0.0.1:${read('postgres.port')}/hms`
}
