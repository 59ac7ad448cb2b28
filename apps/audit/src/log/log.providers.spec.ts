import { silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import type { ServiceRuntime } from '#libs/service'
import { MemorySeenStore } from '#libs/witness/testing'
import { describe, expect, it } from 'vitest'
import { LOG_POLICY } from '../../../../test/support/test-log.js'
import { witnessLinks } from '../log/log.providers.js'

describe('witnessLinks', () => {
  const ask = (urls: string, quorum = 1) => {
    const runtime = {
      environment: { HMS_AUDIT_WITNESS_URLS: urls },
      profile: 'production',
      clock: new VirtualClock(),
      log: silentLogger,
      signerNamed: async () => undefined,
    }
    return witnessLinks(runtime as unknown as ServiceRuntime, { ...LOG_POLICY, quorum }, new MemorySeenStore())
  }

  it('assigns the addresses to the witnesses of the roster, by position or by name', async () => {
    for (const urls of ['http://127.0.0.1:7', 'example.org/witness=http://127.0.0.1:7']) {
      expect((await ask(urls)).map(({ key }) => key.name)).toEqual(['example.org/witness'])
    }
  })

  it('ignores the address of a witness that the roster does not name', async () => {
    expect(await ask('example.org/next=http://127.0.0.1:8,example.org/witness=http://127.0.0.1:7')).toHaveLength(1)
  })

  it('rejects addresses that are too few for the quorum', async () => {
    await expect(ask('example.org/next=http://127.0.0.1:8')).rejects.toMatchObject({ code: 'HMS_CONFIG_INVALID' })
    await expect(ask('example.org/witness=http://127.0.0.1:7', 2)).rejects.toMatchObject({ code: 'HMS_CONFIG_INVALID' })
  })
})
