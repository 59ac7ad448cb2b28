import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith, programOf, runTool } from '../support/kubernetes/tools.config.js'
import { freshDatabase } from '../support/postgres.js'
import { freePort, hms, ready, scratchFolder, Served, until } from '../support/processes.js'

const PAGE = readFileSync(new URL('../../docs/how-to/files-programs-tables.md', import.meta.url), 'utf8')
const [, TABLE] = /`(CREATE TABLE rule [^`]+)`/.exec(PAGE)!
const [, PROGRAM] = /```sh\n(#!\/bin\/sh\n# sql-rule:[\s\S]*?)```/.exec(PAGE)!
const POLICY = 'epa-pm25-limit'
const NOTE = `it's "quoted"; $(id) \\ :'policy'`

/** The table and the program of the page, as they stand there, on a real PostgreSQL. */
describeWith(['psql'], 'a rule in a table of PostgreSQL', () => {
  const scratch = scratchFolder()
  let env: Record<string, string>
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let dev: Served
  let watch: Served

  beforeAll(async () => {
    database = await freshDatabase()
    const port = String(await freePort())
    env = { HMS_URL: `http://127.0.0.1:${port}`, HMS_PORT: port, HMS_DATA_DIR: join(scratch.path, 'data'), DATABASE_URL: database.url }
    dev = Served.start(['dev'], env)
    await until('dev is ready', () => ready(env['HMS_URL']!), 300_000)
    sql(TABLE!)
    const program = join(scratch.path, 'sql-rule.sh')
    writeFileSync(program, PROGRAM!)
    chmodSync(program, 0o755)
    await approve('1.5.0', 35)
    watch = Served.start(['watch', POLICY, '--exec', program], { ...env, PATH: `${dirname(programOf('psql'))}:/usr/bin:/bin` })
  }, 420_000)
  afterAll(async () => {
    await watch?.stop()
    await dev?.stop()
    await database?.drop()
    scratch.remove()
  })

  /** Rows as psql prints them, bare. */
  function sql(statement: string): string {
    const ran = runTool('psql', [database.url, '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', statement])
    expect(ran.code, ran.stderr).toBe(0)
    return ran.stdout.trim()
  }

  const rule = (): string =>
    sql(`SELECT coalesce(policy ->> 'version' || ' ' || (policy ->> 'limit'), 'none') FROM rule WHERE id = '${POLICY}'`)

  async function approve(version: string, limit: number): Promise<void> {
    const file = join(scratch.path, `${version}.yaml`)
    const head = `id: ${POLICY}\nversion: ${version}\neffective: 2024-09-01T00:00:00Z\nlimit: ${limit}\nunits: ug_per_m3\ntags: [air]\n`
    writeFileSync(file, `${head}note: ${JSON.stringify(NOTE)}\n`)
    const done = await hms(['approve', file, '--sign', 'EPA Chief', '--observe', '0s', '--bake', '0s', '--watch'], env)
    expect(done.code, done.stderr).toBe(0)
  }

  it('contains what is in force at the start, each change, and nothing once the rule is withdrawn', { timeout: 420_000 }, async () => {
    await until(`1.5.0 is there; watch said: ${watch.output}`, async () => rule() === '1.5.0 35')
    expect(sql(`SELECT policy ->> 'note' FROM rule`)).toBe(NOTE)
    await approve('2.0.0', 25)
    await until('2.0.0 is there', async () => rule() === '2.0.0 25')
    const done = await hms(['withdraw', POLICY, '--reason', 'drill', '--sign', 'EPA Chief'], env)
    expect(done.code, done.stderr).toBe(0)
    await until('it is withdrawn', async () => rule() === 'none')
    expect(sql('SELECT count(*) FROM rule')).toBe('1')
  })
})
