import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Envelope } from '#libs/contracts'
import type { RosterPredicate } from '#libs/signing'
import { asOwner } from '../support/database-owner.js'
import { policyFile } from '../support/policy-file.js'
import { cleanEnvironment } from '../support/processes.config.js'
import { freePort, hms, ready, scratchFolder, Served, until } from '../support/processes.js'

const PAGE = readFileSync(fileURLToPath(new URL('../../docs/auditor.md', import.meta.url)), 'utf8')
/** What an auditor pastes. */
const BLOCKS = [...PAGE.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block!)
const BY_LIBRARY = BLOCKS.filter((block) => block.includes('securesystemslib'))
const COMMANDS = BLOCKS.filter((block) => !BY_LIBRARY.includes(block))
const library = spawnSync('/usr/bin/python3', ['-c', 'import securesystemslib']).status === 0

/** The page for auditors, on a running system, before and after root changed its database. */
describe('an auditor with the tools of Debian', () => {
  const scratch = scratchFolder()
  const folder = join(scratch.path, 'auditor')
  let env: Record<string, string>
  let dev: Served

  beforeAll(async () => {
    mkdirSync(folder)
    const port = await freePort()
    env = { HMS_URL: `http://127.0.0.1:${port}`, HMS_DATA_DIR: join(scratch.path, 'data'), HMS_PORT: String(port) }
    await start()
    const approved = await hms(
      ['approve', policyFile(scratch.path, '1.0.0', 35), '--sign', 'EPA Chief', '--observe', '0s', '--watch', '--timeout', '90s'],
      env,
    )
    expect(approved, approved.stderr).toMatchObject({ code: 0 })
    writeFileSync(join(folder, 'roster.json'), (await hms(['roster', 'show', '--json'], env)).stdout)
    await until('the log is published', async () => (await hms(['audit', 'verify'], env)).code === 0)
  }, 180_000)
  afterAll(async () => {
    await dev.stop()
    scratch.remove()
  })

  it('follows the page to its end, and again at the next visit', async () => {
    for (const _visit of [1, 2]) {
      const { code, output } = await page()
      expect(output.split('\n').filter((line) => line.startsWith('ok'))).toHaveLength(7)
      expect(code, output).toBe(0)
    }
  }, 60_000)

  it.skipIf(!library)(
    `counts who approved with a library that is not ours${library ? '' : ' (skipped: needs Debian’s python3-securesystemslib)'}`,
    async () => {
      const { code, output } = await page(BY_LIBRARY)
      expect(output, output).toMatch(/^ok {3}epa-pm25-limit@1\.0\.0 has 1 of 1 people of official: EPA Chief$/m)
      expect(code).toBe(0)
      const file = join(folder, 'roster.json')
      const trusted = readFileSync(file, 'utf8')
      const { payload, ...envelope } = JSON.parse(trusted) as Envelope
      const refusedBy = async (change: (roster: RosterPredicate) => void): Promise<string> => {
        const statement = JSON.parse(Buffer.from(payload, 'base64').toString()) as { predicate: RosterPredicate }
        change(statement.predicate)
        writeFileSync(file, JSON.stringify({ ...envelope, payload: Buffer.from(JSON.stringify(statement)).toString('base64') }))
        const { code, output } = await page(BY_LIBRARY)
        expect(code).not.toBe(0)
        return output
      }
      const official = ({ roles }: RosterPredicate) => roles.find(({ name }) => name === 'official')!
      expect(await refusedBy((roster) => void (official(roster).threshold = 2))).toContain('1 people of official approved it, 2 are needed')
      expect(await refusedBy((roster) => void (official(roster).principals = ['epa-counsel']))).toContain(
        '0 people of official approved it, 1 are needed',
      )
      const keyOf = ({ principals }: RosterPredicate, id: string) => principals[id]!.keys[0]!
      expect(await refusedBy((roster) => void (keyOf(roster, 'epa-chief').spki = keyOf(roster, 'epa-counsel').spki))).toContain(
        '0 people of official approved it, 1 are needed',
      )
      writeFileSync(file, trusted)
    },
    60_000,
  )

  it('reads what is in force with the key in TOKEN, which profile dev refuses if it is false', async () => {
    const { code, output } = await page(COMMANDS, { TOKEN: `hms_0123456789ab_${'x'.repeat(43)}` })
    expect([code, output]).toEqual([22, expect.stringContaining('401')])
  }, 60_000)

  it('detects an entry that root changed, and one whose hash was changed with it', async () => {
    const change = (columns: string) => `UPDATE audit.entry SET ${columns} WHERE index = 1`
    await asRoot(
      'ALTER TABLE audit.entry DISABLE TRIGGER ALL',
      'CREATE TABLE audit.before AS SELECT * FROM audit.entry',
      change(`entry = replace(entry, '"run":1', '"run":2')`),
    )
    await expectRefusal(/entry 1 is not the one whose hash the tile has/)
    await asRoot(change(`leaf_hash = sha256('\\x00'::bytea || convert_to(entry, 'UTF8'))`))
    await expectRefusal(/do not have the root that the log signed/)
    await asRoot(
      'UPDATE audit.entry SET entry = before.entry, leaf_hash = before.leaf_hash FROM audit.before WHERE before.index = entry.index',
      'DROP TABLE audit.before',
    )
    expect((await page()).code).toBe(0)
  }, 120_000)

  it('sees a database that was restored from a backup, and the log takes nothing more', async () => {
    const first = '(SELECT min(size) FROM audit.checkpoint)'
    await asRoot(
      'ALTER TABLE audit.checkpoint DISABLE TRIGGER ALL',
      `DELETE FROM audit.entry WHERE index >= ${first}`,
      `DELETE FROM audit.checkpoint WHERE size > ${first}`,
    )
    await dev.kill()
    await start()
    await until('the witness was queried', async () => dev.output.includes('audit_forked'))
    expect(dev.output).toContain('restored from a backup')
    expect((await page()).output).toContain('the log does not continue what it was at the last visit')
    expect((await hms(['audit', 'verify'], env)).code).toBe(10)
  }, 180_000)

  async function start(): Promise<void> {
    dev = Served.start(['dev'], { ...env, HMS_LOG_LEVEL: 'warn' })
    await until('dev is ready', () => ready(env['HMS_URL']!))
  }

  async function expectRefusal(message: RegExp): Promise<void> {
    const { code, stderr } = await hms(['audit', 'verify'], env)
    expect(stderr).toMatch(message)
    expect(code).toBe(10)
    const { code: pageCode, output } = await page()
    expect(output).toContain('the entries are not those that were signed')
    expect(pageCode).not.toBe(0)
  }

  function page(blocks = COMMANDS, more: Record<string, string> = {}): Promise<{ code: number; output: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn('bash', ['-euo', 'pipefail', '-c', blocks.join('\n')], {
        cwd: folder,
        env: { ...cleanEnvironment(), URL: env['HMS_URL'], ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let output = ''
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
      child.once('error', reject)
      child.once('close', (code) => resolve({ code: code ?? 137, output }))
    })
  }

  async function asRoot(...statements: string[]): Promise<void> {
    await asOwner(env['HMS_DATA_DIR']!, async (client) => {
      for (const statement of statements) await client.query(statement)
    })
  }
})
