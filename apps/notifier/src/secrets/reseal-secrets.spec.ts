import { describe, expect, it } from 'vitest'
import { MemoryDatabase } from '#libs/persistence/testing'
import { silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { PARTNERS, type RegisteredPartner } from '../partners/partner.table.js'
import { ResealSecrets } from './reseal-secrets.js'
import { openChannel, sealPartner } from './sealed-channels.js'
import { SecretBox } from './secret-box.js'
import { secretKey, type SecretKey } from './secret-keys.js'

const [OLD, NEW] = [secretKey(Buffer.alloc(32, 1)), secretKey(Buffer.alloc(32, 2))]
const boxOf = (...keys: SecretKey[]): SecretBox => new SecretBox(async () => keys)
const partner = (id: string): RegisteredPartner => ({
  id,
  name: id,
  groups: [],
  channels: [{ kind: 'webhook', url: 'https://partner.example/', secret: 'whsec_hunter2' }],
  deliver: 'all',
  contact: null,
  rate: 5,
  lane: 'latest',
  networks: [],
  addedAt: '2026-01-01T00:00:00.000Z',
})

async function service() {
  const database = new MemoryDatabase(new VirtualClock())
  await database.transaction(async (tx) => {
    for (const id of ['md-mde', 'va-deq']) await tx.documents(PARTNERS).put(await sealPartner(boxOf(OLD), partner(id)))
  })
  const stored = (): Promise<RegisteredPartner[]> => database.transaction((tx) => tx.documents(PARTNERS).find())
  return { stored, start: (box: SecretBox): Promise<void> => new ResealSecrets(database, silentLogger, box).onApplicationBootstrap() }
}

describe('a start of the notifier', () => {
  it('reseals secrets of older keys with the newest key, which then opens them alone', async () => {
    const { start, stored } = await service()
    await start(boxOf(NEW, OLD))
    for (const { id, channels } of await stored()) {
      expect(await openChannel(boxOf(NEW), id, channels[0]!)).toMatchObject({ secret: 'whsec_hunter2' })
    }
    const before = await stored()
    await start(boxOf(NEW))
    expect(await stored()).toEqual(before)
  })

  it('fails if the keys do not open the stored secrets, or cannot be read', async () => {
    const { start } = await service()
    await expect(start(boxOf(NEW))).rejects.toMatchObject({ code: 'HMS_SECRETS_KEY_WRONG' })
    await expect(start(boxOf())).rejects.toMatchObject({ code: 'HMS_SECRETS_KEY_WRONG' })
    const unreadable = new SecretBox(() => Promise.reject(new Error('no such file')))
    await expect(start(unreadable)).rejects.toThrow('no such file')
  })
})
