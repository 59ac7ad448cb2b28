import { spawnSync } from 'node:child_process'
import { chmodSync, closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunView } from '#libs/contracts'
import { policyFile } from '../support/policy-file.js'
import { freePort, hms, ready, scratchFolder, Served, until } from '../support/processes.js'

const folder = scratchFolder()
const disk = join(folder.path, 'disk')
mkdirSync(disk)
/** A disk of its own needs the right to mount one. */
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=260m', 'tmpfs', disk]).status === 0

describe.skipIf(!mounted)(`the database's disk is full${mounted ? '' : ' (skipped: may not mount a small disk here)'}`, () => {
  const env: Record<string, string> = { HMS_DATA_DIR: join(disk, 'data') }
  const ballast = join(disk, 'ballast')
  let dev: Served

  beforeAll(async () => {
    chmodSync(disk, 0o755)
    const port = await freePort()
    env['HMS_URL'] = `http://127.0.0.1:${port}`
    dev = Served.start(['dev', '--port', String(port), '--data', env['HMS_DATA_DIR']!], {})
    await until('dev is ready', () => ready(env['HMS_URL']!))
  }, 90_000)
  afterAll(async () => {
    await dev?.stop()
    if (mounted) spawnSync('umount', ['-l', disk])
    folder.remove()
  })

  it('writes are refused with 503 and Retry-After, reads continue, and writes succeed once there is room again', async () => {
    expect(await approve('1.0.0', ['--watch'])).toMatchObject({ code: 0 })
    fill()
    const refused = await untilRefused()
    expect(refused).toMatchObject({ code: 11 })
    expect(refused.stderr).toContain('HMS_HTTP_UNAVAILABLE')
    const answer = await fetch(`${env['HMS_URL']}/v1/approvals/prepare`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ policies: [{ id: 'so2-limit', version: '1.0.0', effective: '2024-09-01T00:00:00Z', limit: 75 }] }),
    })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2'])
    expect((await fetch(`${env['HMS_URL']}/v1/policies/epa-pm25-limit`)).status).toBe(200)
    expect(dev.ended).toBe(false)

    rmSync(ballast)
    expect(await approve('9.0.0', ['--watch', '--timeout', '60s'])).toMatchObject({ code: 0 })
    await until('no run is half-written', async () => (await runs()).every((run) => run.endedAt !== null), 60_000)
  }, 180_000)

  /** Until PostgreSQL needs another page, what lies in its files is room enough. */
  async function untilRefused(): ReturnType<typeof approve> {
    for (let minor = 1; minor < 40; minor++) {
      const done = await approve(`1.${minor}.0`, [])
      if (done.code !== 0) return done
    }
    throw new Error('a full disk held forty more approvals')
  }

  function approve(version: string, flags: string[]) {
    return hms(
      ['approve', policyFile(folder.path, version, 35), '--sign', 'EPA Chief', '--observe', '0s', '--queue', '--json', ...flags],
      env,
    )
  }

  async function runs(): Promise<RunView[]> {
    return (await (await fetch(`${env['HMS_URL']}/v1/runs`)).json()) as RunView[]
  }

  function fill(): void {
    const file = openSync(ballast, 'w')
    const block = Buffer.alloc(64 * 1024)
    try {
      for (;;) writeSync(file, block)
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOSPC') throw error
    } finally {
      closeSync(file)
    }
  }
})
