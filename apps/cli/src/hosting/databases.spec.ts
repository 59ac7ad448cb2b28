import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { runForTest } from '../testing/run-cli.js'

afterEach(() => vi.unstubAllEnvs())

it('recover works in the folder of --data, whichever database the environment names', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hms-recover-'))
  vi.stubEnv('HMS_DATABASE_URL', 'postgres://hms@127.0.0.1:9/hms')
  const { code, stderr } = await runForTest(['recover', '--data', folder])
  expect([code, stderr]).toEqual([2, expect.stringContaining(`${folder} holds no database`)])
  await rm(folder, { recursive: true })
})
