import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runSql } from '../support/kubernetes/operators.js'
import { startTestPostgres } from '../support/postgres.js'
import { hms, scratchFolder, type Finished } from '../support/processes.js'

const ODD = ` p@:/%#?&w\\'"ü+ `

describe('a password of the database in a file', () => {
  const scratch = scratchFolder()
  const file = join(scratch.path, 'password')
  let server: Awaited<ReturnType<typeof startTestPostgres>>

  beforeAll(async () => {
    server = await startTestPostgres()
    const quoted = `'${ODD.replaceAll("'", "''")}'`
    await runSql(server.url, `CREATE ROLE odd LOGIN CREATEDB PASSWORD ${quoted}; CREATE ROLE poor LOGIN PASSWORD ${quoted};`)
    await runSql(server.url, 'CREATE DATABASE postgres OWNER odd')
    writeFileSync(file, `${ODD}\n`, { mode: 0o600 })
  }, 120_000)
  afterAll(async () => {
    await server?.stop()
    scratch.remove()
  })

  const migrate = (database: string, argv: string[] = [], user = 'odd'): Promise<Finished> =>
    hms(['migrate', ...argv], {
      HMS_DATA_DIR: join(scratch.path, 'data'),
      HMS_DATABASE_URL: Object.assign(new URL(server.url), { username: user, password: '', pathname: `/${database}` }).href,
      HMS_DATABASE_PASSWORD_FILE: file,
    })

  it('may have any character; migrate --create makes a database of any name, once', async () => {
    const missing = await migrate('air-quality')
    expect([missing.code, missing.stderr]).toEqual([
      11,
      expect.stringMatching(/does not exist .*\n {2}next: (npx )?hms-svc migrate --create\n/),
    ])
    const made = await migrate('air-quality', ['--create'])
    expect([made.code, made.stderr]).toEqual([0, 'The database was missing, and is made.\n'])
    const again = await migrate('air-quality', ['--create'])
    expect([again.code, again.stdout, again.stderr]).toEqual([0, expect.stringContaining('audit: up to date'), ''])
  }, 240_000)

  it('is not enough to make a database without the right to, exit 3; a wrong one is refused', async () => {
    const refused = await migrate('of-poor', ['--create'], 'poor')
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('HMS_DATABASE_NOT_CREATED')])
    writeFileSync(file, 'another')
    const { code, stderr } = await migrate('air-quality')
    expect([code, stderr]).toEqual([11, expect.stringContaining('password authentication failed')])
    expect(stderr).not.toContain('another')
  }, 120_000)
})
