import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { policyFile } from '../support/policy-file.js'
import { freePort, hms, ready, scratchFolder, Served, until } from '../support/processes.js'

/** The log of `dev`, and its witness in a process of its own. */
describe('a witness process', () => {
  const scratch = scratchFolder()
  let env: Record<string, string>
  let dev: Served
  let witness: Served | undefined

  beforeAll(async () => {
    const [port, witnessPort] = await Promise.all([freePort(), freePort()])
    env = {
      HMS_PROFILE: 'dev',
      HMS_URL: `http://127.0.0.1:${port}`,
      HMS_DATA_DIR: join(scratch.path, 'data'),
      HMS_PORT: String(port),
      HMS_WITNESS_PORT: String(witnessPort),
      HMS_WITNESS_DIR: join(scratch.path, 'witness'),
      HMS_AUDIT_WITNESS_URLS: `hms-svc.dev/witness=http://127.0.0.1:${witnessPort}`,
    }
    dev = Served.start(['dev'], env)
    await until('dev is ready', () => ready(env['HMS_URL']!))
  }, 180_000)
  afterAll(async () => {
    await witness?.stop()
    await dev.stop()
    scratch.remove()
  })

  const seen = (): number => {
    const file = join(env['HMS_WITNESS_DIR']!, 'seen.json')
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, { size: number }>)['hms-svc.dev/audit']!.size : 0
  }
  const verified = async (): Promise<number | undefined> => {
    const { code, stdout } = await hms(['audit', 'verify', '--json'], env)
    return code === 0 ? (JSON.parse(stdout) as { size: number }).size : undefined
  }

  it('is needed: nothing is published before it is there, and all of it after', async () => {
    const approved = await hms(['approve', policyFile(scratch.path, '1.0.0', 35), '--sign', 'EPA Chief', '--observe', '0s'], env)
    expect(approved, approved.stderr).toMatchObject({ code: 0 })
    expect((await fetch(`${env['HMS_URL']}/checkpoint`)).status).toBe(503)
    witness = Served.start(['serve', 'witness'], env)
    await until('the log is published', async () => (await verified()) !== undefined)
    expect(seen()).toBeGreaterThan(0)
    // The next release is refused until this run has ended.
    await until('its run has ended', async () => (await hms(['runs', 'watch', '1', '--timeout', '60s'], env)).code === 0)
  }, 120_000)

  it('that was killed continues at its position, and the log with it', async () => {
    const before = seen()
    await witness!.kill()
    const approved = await hms(['approve', policyFile(scratch.path, '1.1.0', 36), '--sign', 'EPA Chief', '--observe', '0s'], env)
    expect(approved, approved.stderr).toMatchObject({ code: 0 })
    witness = Served.start(['serve', 'witness'], env)
    await until('the log grew', async () => ((await verified()) ?? 0) > before)
    expect(seen()).toBeGreaterThan(before)
  }, 120_000)

  it('shares its folder with no other process', async () => {
    const second = await hms(['serve', 'witness'], { ...env, HMS_WITNESS_PORT: '0' })
    expect(second.stderr).toContain('HMS_DATA_FOLDER_IN_USE')
    expect(second.code).toBe(5)
  }, 60_000)
})
