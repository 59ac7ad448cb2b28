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
import type { World } from './world.js'

const AT_ONCE = '--observe 0s --bake 0s --watch --quiet'
/** Longer than the test takes. */
const SLOWLY = '--observe 30m --quiet'
const PATIENCE_MS = 120_000

/** What has happened before the table begins: something of each kind to be seen, and something for each form to change. */
export async function tell(world: World): Promise<void> {
  await writeFiles(world)
  await register(world)
  await goLive(world)
  await rest(world)
  await hold(world)
  await waitForOthers(world)
  await world.do('break-glass {policy:glass-kept} CHIEF COUNSEL WHY')
  await keepRosters(world)
  await keepTokens(world)
  await keepDeliveries(world)
  await keepLetters(world)
  // From its second time on it says that the log continues.
  await world.do('audit verify')
}

async function register(world: World): Promise<void> {
  await world.do('partners add {file:here.yaml}')
  await world.do('partners add {file:there.yaml}')
  await world.do('bots add {assets}/bots/inspector.js --id inspector-1')
  await world.do('corpora add {file:corpus.csv} --id two-days --map at=date,pm25=pm25_ug_m3')
  await world.do('scenarios add {file:scenario.yaml}')
  await world.do('schemas add {file:schema.json} --name limits')
  await world.do('freezes add {file:winter.yaml} CHIEF')
}

/** 1.0.0 of what is to go back has to be a fallback, so 2.0.0 comes behind it. */
async function goLive(world: World): Promise<void> {
  const named = (kind: string, version: string): string => FORMS.map((form) => `{policy:${kind}-${form}@${version}}`).join(' ')
  await world.do(`approve {assets}/policies/pm25-1.5.0.yaml CHIEF ${AT_ONCE}`)
  await world.do(`approve ${named('back', '1.0.0')} ${named('gone', '1.0.0')} CHIEF ${AT_ONCE}`)
  await world.do(`approve ${named('back', '2.0.0')} CHIEF ${AT_ONCE}`)
  // Last: no earlier notification is sent there.
  await world.do('partners add {file:nowhere.yaml}')
  await world.do('partners add {file:post.yaml}')
}

/** Runs that stay as they are, each in a region of its own, where canaries take turns. */
async function rest(world: World): Promise<void> {
  await Promise.all(['rest-observed', 'rest-paused', 'rest-aborted'].map((policy) => startCanary(world, policy)))
  await world.do('runs pause {run:rest-paused} CHIEF WHY')
  await world.do('runs abort {run:rest-aborted} CHIEF WHY')
}

/** Runs about which each form decides. */
async function hold(world: World): Promise<void> {
  for (const form of FORMS) {
    await Promise.all([startCanary(world, `held-${form}`), startCanary(world, `stuck-${form}`)])
    await world.do(`runs pause {run:stuck-${form}} CHIEF WHY`)
  }
}

async function startCanary(world: World, policy: string): Promise<void> {
  await world.do(`approve {policy:${policy}} CHIEF --scope region:${policy} ${SLOWLY}`)
  await world.until(policy, 'CANARY')
}

async function waitForOthers(world: World): Promise<void> {
  for (const name of [...FORMS, 'kept']) await world.do(`approve {policy:seat-${name}} CHIEF ${SLOWLY}`)
}

/** The roster, the next one as each form proposes it, a bundle that verifies by it and one that does not, and a statement to sign. */
async function keepRosters(world: World): Promise<void> {
  world.write('roster.json', await world.do('roster show --json'))
  const next = JSON.parse(await world.do('roster show --document --json')) as { roles: object[] }
  for (const form of FORMS) {
    const role = { name: `drill-${form}`, principals: ['epa-chief'], threshold: 1, match: { idPrefix: `drill-${form}-` } }
    world.write(`roster-${form}.json`, JSON.stringify({ ...next, roles: [...next.roles, role] }))
  }
  await world.do('audit bundle epa-pm25-limit --out {file:bundle} --quiet')
  const bundle = readFileSync(join(world.folder, 'bundle'), 'utf8')
  world.write(
    'tampered',
    bundle.replace(/("sig": ?")(.)/, (_, before: string, first: string) => before + (first === 'A' ? 'B' : 'A')),
  )
  const { roster } = await loadIdentity(world.env['HMS_DATA_DIR']!)
  const said = { at: new Date(), installation: roster.installation }
  world.write('statement.json', writeFreeze({ id: 'smog-week', reason: 'smog', scope: 'region:NCR' }, said).payload.toString())
}

async function keepTokens(world: World): Promise<void> {
  for (const form of FORMS) {
    const issued = JSON.parse(await world.do('tokens create --scope bot:inspector-1 CHIEF --json')) as IssuedToken
    world.words.kept.set(`token-${form}`, issued.id)
  }
}

async function keepDeliveries(world: World): Promise<void> {
  const find = (partner: string): Promise<DeliveryView[]> => world.api.get('/v1/deliveries', { partner, state: 'delivered' })
  const all = async (): Promise<DeliveryView[]> => [...(await find('here')), ...(await find('there'))]
  await until('partners were told', async () => (await all()).length > FORMS.length, PATIENCE_MS)
  const found = await all()
  for (const [index, name] of ['kept', ...FORMS].entries()) world.words.kept.set(`delivery-${name}`, found[index]!.id)
}

/** The approval of run 1, as if linter had given it up, several times. It is handled already, so that handling it again changes nothing. */
async function keepLetters(world: World): Promise<void> {
  const pool = testPool(databaseUrl(world))
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
      world.words.kept.set(name, id)
    }
  } finally {
    await pool.end()
  }
}

/** The database of `dev`, which asks its own password. */
function databaseUrl({ env }: World): string {
  const read = (name: string): string => readFileSync(join(env['HMS_DATA_DIR']!, name), 'utf8').trim()
  return `postgres://hms:${read('postgres.password')}@127.0.0.1:${read('postgres.port')}/hms`
}
