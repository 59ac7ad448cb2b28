import { describe, expect, it } from 'vitest'
import type { ServiceName } from '#libs/contracts'
import { MemoryBus } from '#libs/messaging/testing'
import { Metrics, silentLogger, type Logger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { Host } from '#libs/service'
import { testIdentity } from '../support/identity.js'
import { openMemoryService } from '../support/memory-system.js'

const EXPIRES = '2030-01-01T00:00:00.000Z'

async function startAt(time: string, keyOf: ServiceName = 'linter'): Promise<{ host: Host; warnings: string[] }> {
  const clock = new VirtualClock(time)
  const { roster, serviceSigner } = await testIdentity((edited) => void (edited.expires = EXPIRES))
  const warnings: string[] = []
  const log: Logger = { ...silentLogger, warn: (_fields, text) => void warnings.push(text), child: () => log }
  const host = await Host.create(['linter'], {
    profile: 'production',
    environment: {},
    clock,
    log,
    metrics: new Metrics(),
    roster,
    bus: new MemoryBus(),
    signerOf: async () => serviceSigner(keyOf),
    open: async () => openMemoryService(clock),
    configStoreUrls: [],
    version: '0.0.0-test',
  })
  return { host, warnings }
}

describe('a start with a roster', () => {
  it('past its validity is refused: HMS_ROSTER_EXPIRED, exit 2', async () => {
    await expect(startAt(EXPIRES)).rejects.toMatchObject({ code: 'HMS_ROSTER_EXPIRED', status: 400 })
  })

  it('in its last 30 days logs a warning', async () => {
    const { host, warnings } = await startAt('2029-12-03T00:00:00.000Z')
    expect(warnings).toEqual(['the roster expires soon: propose and sign the next one'])
    await host.stop()
  })

  it('with longer to go logs none', async () => {
    const { host, warnings } = await startAt('2029-12-01T00:00:00.000Z')
    expect(warnings).toEqual([])
    await host.stop()
  })
  it('that does not name the key of the service is refused: HMS_IDENTITY_MISMATCH, with the variable that sets the key', async () => {
    const refused = { code: 'HMS_IDENTITY_MISMATCH', status: 403, detail: expect.stringContaining('HMS_LINTER_KEY_FILE') as string }
    await expect(startAt('2029-12-01T00:00:00.000Z', 'audit')).rejects.toMatchObject(refused)
  })
})
