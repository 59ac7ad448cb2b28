import { createPublicKey } from 'node:crypto'
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type HmsConnection } from '#libs/client'
import type { PolicyView } from '#libs/contracts'
import { readVkey } from '#libs/signing'
import { policyFile } from '../support/policy-file.js'
import { freePort, hms, ready, scratchFolder, Served, until, type Finished } from '../support/processes.js'

const ID = 'epa-pm25-limit'
const AT_ONCE = ['--sign', 'EPA Chief', '--observe', '0s', '--bake', '0s', '--watch', '--timeout', '240s']
/** Beside other work on two cores a process may take a minute to start. */
const PATIENT_MS = 900_000
const WITHIN_MS = 300_000

/**
 * The drill of docs/how-to/restore.md, in its order, on a real PostgreSQL: a copy of the stopped database's folder is the backup. The npm
 * package brings no `pg_dump`; a dump that is read back says the same to readers, the audit log and the witness.
 */
describe('a database that went back to its backup', () => {
  const folder = scratchFolder()
  const data = join(folder.path, 'data')
  const [database, backup] = [join(data, 'postgres'), join(folder.path, 'backup')]
  const archive = join(folder.path, 'archive.ndjson')
  const refused: string[] = []
  let env: Record<string, string>
  let dev: Served
  let bot: HmsConnection

  beforeAll(async () => {
    const port = await freePort()
    env = { HMS_URL: `http://127.0.0.1:${port}`, HMS_DATA_DIR: data, HMS_PORT: String(port) }
    await start()
    expect(await approve('1.0.0', 35)).toMatchObject({ code: 0 })
    bot = await connect({ url: env['HMS_URL']!, bot: 'inspector', region: 'NCR', cacheDir: join(folder.path, 'cache') })
    bot.on('error', (error) => refused.push((error as { code?: string }).code ?? error.message))
    await dev.stop()
    cpSync(database, backup, { recursive: true, preserveTimestamps: true })
    await start()
    expect(await approve('2.0.0', 25)).toMatchObject({ code: 0 })
    expect(await approve('1.0.0', 70, 'epa-ozone-limit')).toMatchObject({ code: 0 })
    await until('the bot uses both', async () => bot.get(ID)?.['limit'] === 25 && bot.get('epa-ozone-limit')?.['limit'] === 70, WITHIN_MS)
    expect(await hms(['export', '--out', archive], env)).toMatchObject({ code: 0 })
    await dev.kill()
    renameSync(database, join(folder.path, 'lost'))
    cpSync(backup, database, { recursive: true, preserveTimestamps: true })
    rmSync(join(data, 'postgres', 'postmaster.pid'), { force: true })
    await start()
  }, PATIENT_MS)

  afterAll(async () => {
    await bot.close()
    await dev.stop()
    folder.remove()
  })

  it(
    'is not trusted: the bot keeps its value as STALE, the log is halted, an export reports the restore',
    async () => {
      expect((await read<PolicyView>(`/v1/policies/${ID}`)).value['limit']).toBe(35)
      await until(
        'the bot refused what went back',
        async () => refused.includes('HMS_HEAD_REPLAYED') || refused.includes('HMS_STORE_BEHIND'),
        WITHIN_MS,
      )
      await until('the bot doubts', async () => bot.explain(ID).state === 'STALE', WITHIN_MS)
      expect(bot.get(ID)?.['limit']).toBe(25)
      await until('the log is halted', async () => JSON.stringify(await read('/readyz')).includes('restored from a backup'), WITHIN_MS)
      const exported = await hms(['export', '--out', archive], env)
      expect(exported.stderr).toContain('HMS_EXPORT_BEHIND')
      expect(exported.code).toBe(5)
    },
    PATIENT_MS,
  )

  it(
    'is numbered on above what readers saw, once it is stopped: they follow it again',
    async () => {
      const early = await hms(['recover', '--data', data], {})
      expect(early).toMatchObject({ code: 5 })
      expect(early.stderr).toContain('HMS_DATA_FOLDER_IN_USE')
      await dev.stop()
      expect(await hms(['recover', '--ahead', 'many', '--data', data], {})).toMatchObject({ code: 2 })
      const recovered = await hms(['recover', '--data', data, '--json'], {})
      expect(recovered, recovered.stderr).toMatchObject({ code: 0 })
      const services = ['approver', 'canary-controller', 'rollout', 'config-store']
      expect(JSON.parse(recovered.stdout)).toMatchObject({ ahead: 100_000, services })
      await start()
      await until('the bot uses what is in force again', async () => bot.get(ID)?.['limit'] === 35, WITHIN_MS)
      expect(bot.revision).toBeGreaterThan(100_000)
      // Even of a canary whose heads went back: its lease had not expired at the backup.
      await until('the bot is sure', async () => bot.explain(ID).state === 'READY', WITHIN_MS)
    },
    PATIENT_MS,
  )

  it(
    'gets a log of its own by the next roster, and what was lost is approved again',
    async () => {
      const file = join(folder.path, 'next-roster.json')
      const shown = await hms(['roster', 'show', '--document'], env)
      writeFileSync(file, JSON.stringify(withNewLog(JSON.parse(shown.stdout), join(data, 'service-keys/audit-log.pem'))))
      expect(await hms(['roster', 'propose', file], env)).toMatchObject({ code: 0 })
      for (const name of ['EPA Chief', 'EPA Counsel'])
        expect(await hms(['roster', 'sign', '--sign', name], env), name).toMatchObject({ code: 0 })
      // A halted log takes no event, not even of the roster that ends its halt: audit starts from that one.
      writeFileSync(join(data, 'roster.json'), (await hms(['roster', 'show', '--json'], env)).stdout)
      await dev.stop()
      await start()
      const again = await approve('2.0.0', 25)
      expect(again, again.stdout).toMatchObject({ code: 0 })
      await until('the bot is back', async () => bot.get(ID)?.['limit'] === 25, WITHIN_MS)
      // It still holds the policy, so it takes no part in the canary of a first version.
      const elsewhere = await approve('1.0.0', 70, 'epa-ozone-limit', ['--scope', 'region:VA'])
      expect(elsewhere, elsewhere.stdout).toMatchObject({ code: 0 })
      await until('the bot uses both', async () => bot.get(ID)?.['limit'] === 25 && bot.get('epa-ozone-limit')?.['limit'] === 70, WITHIN_MS)
      await until('the bot is sure', async () => bot.explain(ID).state === 'READY', WITHIN_MS)
      const runs = JSON.parse((await hms(['runs', 'list', '--json'], env)).stdout) as { run: number }[]
      expect(runs[0]!.run).toBeGreaterThan(100_000)
      expect(await hms(['audit', 'verify'], env)).toMatchObject({ code: 0 })
    },
    PATIENT_MS,
  )

  it(
    'is exported again, and a checker that has only the roster finds all of it proven',
    async () => {
      const anew = join(folder.path, 'anew.ndjson')
      expect(await hms(['export', '--out', anew], env)).toMatchObject({ code: 0 })
      // Away from the services: no address, no database.
      const alone = { HMS_URL: 'http://127.0.0.1:9', HMS_ROSTER: join(data, 'roster.json') }
      for (const file of [archive, anew]) expect(await hms(['export', '--check', file], alone), file).toMatchObject({ code: 0 })
      const cut = join(folder.path, 'cut.ndjson')
      writeFileSync(
        cut,
        readFileSync(anew, 'utf8')
          .replace('"35"', '"36"')
          .replace(/"limit":35/, '"limit":36')
          .split('\n')
          .slice(0, -2)
          .join('\n'),
      )
      expect(await hms(['export', '--check', cut], alone)).toMatchObject({ code: 10 })
    },
    PATIENT_MS,
  )

  async function start(): Promise<void> {
    dev = Served.start(['dev', '--data', data], env)
    await until('dev is ready', async () => (await ready(env['HMS_URL']!)) || dev.ended, WITHIN_MS)
    if (dev.ended) throw new Error(dev.output)
  }

  function approve(version: string, limit: number, id = ID, more: string[] = []): Promise<Finished> {
    return hms(['approve', policyFile(folder.path, version, limit, id), ...AT_ONCE, ...more], env, WITHIN_MS)
  }

  async function read<T>(path: string): Promise<T> {
    return (await (await fetch(`${env['HMS_URL']}${path}`)).json()) as T
  }
})

interface LogPart {
  log: string
  witnesses: string[]
  quorum: number
}

/** The same key under another name: witnesses know nothing of it yet. What the log of before proved counts up to now. */
function withNewLog(roster: LogPart & { earlierLogs?: object[] }, keyFile: string): object {
  const { log, witnesses, quorum, earlierLogs = [] } = roster
  const spki = createPublicKey(readFileSync(keyFile)).export({ type: 'spki', format: 'der' }).toString('base64')
  return {
    ...roster,
    log: { name: `${readVkey(log).name}-2`, spki },
    earlierLogs: [{ log, witnesses, quorum, until: new Date().toISOString() }, ...earlierLogs],
  }
}
