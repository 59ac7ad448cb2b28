import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type HmsConnection } from '#libs/client'
import type { ConfigDocument } from '#libs/contracts'
import { asOwner } from '../support/database-owner.js'
import { policyFile } from '../support/policy-file.js'
import { freePort, hms, ready, scratchFolder, Served, until } from '../support/processes.js'

const POLICY = 'epa-pm25-limit'

/** A real bot on a real system whose database somebody with root has changed. */
describe('a bot under attack', () => {
  const scratch = scratchFolder()
  const dataDir = join(scratch.path, 'data')
  let env: Record<string, string>
  let dev: Served
  let bot: HmsConnection
  const errors: string[] = []

  beforeAll(async () => {
    const port = await freePort()
    env = { HMS_URL: `http://127.0.0.1:${port}`, HMS_DATA_DIR: dataDir, HMS_PORT: String(port) }
    await start()
    expect(await approve('1.0.0', 35)).toBe(0)
    bot = await open('inspector-1')
    bot.on('error', (error) => errors.push((error as { code?: string }).code ?? error.message))
    expect(bot.get(POLICY)['limit']).toBe(35)
  }, 180_000)
  afterAll(async () => {
    await bot?.close()
    await dev.stop()
    scratch.remove()
  })

  it('keeps the signed value when the stored one was edited, and says so; a new bot gets none', async () => {
    const before = await edit((document) => ({
      ...document,
      release: { ...document.release!, payload: forged(document.release!.payload) },
    }))
    await restart()
    await until(
      'the forgery was refused',
      async () => errors.includes('HMS_HEAD_RELEASE_INVALID') || errors.includes('HMS_HEAD_RELEASE_OTHER'),
    )
    expect(bot.explain(POLICY)).toMatchObject({ state: 'STALE', value: { limit: 35 } })
    const stranger = await open('inspector-2')
    expect(() => stranger.get(POLICY)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^HMS_HEAD_RELEASE_/) as string }) as Error,
    )
    await stranger.close()
    await edit(() => before)
    await restart()
    await until('the bot is ready again', async () => bot.state === 'READY')
    expect(bot.get(POLICY)['limit']).toBe(35)
  }, 180_000)

  it('follows what is signed, goes back by a rollback, and does not go back by a restored row', async () => {
    const first = await edit((document) => document)
    expect(await approve('2.0.0', 25)).toBe(0)
    await until('the bot reads 25', async () => bot.get(POLICY)['limit'] === 25)
    expect((await hms(['rollback', `${POLICY}@1.0.0`], env)).code).toBe(0)
    await until('the bot reads 35', async () => bot.get(POLICY)['limit'] === 35)
    expect(await approve('3.0.0', 20)).toBe(0)
    await until('the bot reads 20', async () => bot.get(POLICY)['limit'] === 20)
    errors.length = 0
    await edit(() => first)
    await restart()
    await until('the old head was refused', async () => errors.includes('HMS_HEAD_REPLAYED'))
    expect(bot.explain(POLICY)).toMatchObject({ state: 'STALE', value: { limit: 20 } })
  }, 240_000)

  function open(name: string): Promise<HmsConnection> {
    return connect({
      url: env['HMS_URL']!,
      bot: name,
      region: 'NCR',
      cacheDir: join(scratch.path, name),
      roster: join(dataDir, 'roster.json'),
      timeoutMs: 30_000,
    })
  }

  async function approve(version: string, limit: number): Promise<number> {
    return (
      await hms(
        ['approve', policyFile(scratch.path, version, limit), '--sign', 'EPA Chief', '--observe', '0s', '--watch', '--timeout', '90s'],
        env,
      )
    ).code
  }

  async function start(): Promise<void> {
    dev = Served.start(['dev'], { ...env, HMS_LOG_LEVEL: 'warn' })
    await until('dev is ready', () => ready(env['HMS_URL']!))
  }

  async function restart(): Promise<void> {
    await dev.stop()
    await start()
  }

  /** The stable document as config-store holds it, under a new revision, so that every bot is told; answers the one before. */
  function edit(change: (document: ConfigDocument) => ConfigDocument): Promise<ConfigDocument> {
    return asOwner(dataDir, async (client) => {
      const id = `${POLICY}@global`
      const { rows } = await client.query<{ doc: ConfigDocument }>('SELECT doc FROM config_store.document WHERE id = $1', [id])
      const before = rows[0]!.doc
      const counted = await client.query<{ revision: number }>(
        `UPDATE config_store.environment SET doc = jsonb_set(doc, '{revision}', to_jsonb((doc->>'revision')::int + 1)) RETURNING (doc->>'revision')::int AS revision`,
      )
      const { revision } = counted.rows[0]!
      await client.query('UPDATE config_store.document SET doc = $2, revision = $3 WHERE id = $1', [
        id,
        JSON.stringify({ ...before, ...change(before), revision }),
        revision,
      ])
      return before
    })
  }
})

function forged(payload: string): string {
  return Buffer.from(Buffer.from(payload, 'base64').toString().replace('"limit":35', '"limit":99')).toString('base64')
}
