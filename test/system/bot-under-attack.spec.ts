import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type HmsConnection } from '#libs/client'
import type { ConfigDocument } from '#libs/contracts'
import { asOwner } from '../support/database-owner.js'
import { policyFile } from '../support/policy-file.js'
import { freePort, hms, ready, scratchFolder, Served, until } from '../support/processes.js'

const POLICY = 'epa-pm25-limit'

/** A real bot on a real system whose database root has changed. */
describe('a bot under attack', () => {
  const scratch = scratchFolder()
  const dataDir = join(scratch.path, 'data')
  let env: Record<string, string>
  let dev: Served
  let bot: HmsConnection

  beforeAll(async () => {
    const port = await freePort()
    env = { HMS_URL: `http://127.0.0.1:${port}`, HMS_DATA_DIR: dataDir, HMS_PORT: String(port) }
    await start()
    expect(await approve('1.0.0', 35)).toBe(0)
    bot = await open('inspector-1')
    bot.on('error', () => {})
    expect(bot.get(POLICY)['limit']).toBe(35)
  }, 180_000)
  afterAll(async () => {
    await bot?.close()
    await dev.stop()
    scratch.remove()
  })

  it('keeps the signed value, confirmed by rollout, when the stored one was edited; a new bot gets none', async () => {
    const before = await edit((document) => ({
      ...document,
      release: { ...document.release!, payload: forged(document.release!.payload) },
    }))
    await restart()
    await until('config-store does not serve the forgery', isRefused)
    await until('rollout confirms what the bot has', async () => bot.state === 'READY')
    expect(bot.explain(POLICY)).toMatchObject({ source: 'live', value: { limit: 35 } })
    expect(await readByNewBot('inspector-2')).toBe('nothing')
    await edit(() => before)
    await restart()
    await until('config-store serves the policy again', async () => !(await isRefused()))
    expect(await readByNewBot('inspector-3')).toBe(35)
    await until('the bot is ready', async () => bot.state === 'READY')
    expect(bot.get(POLICY)['limit']).toBe(35)
  }, 180_000)

  it('follows what is signed: a rollback changes its value, and a restored row does not', async () => {
    const first = await edit((document) => document)
    expect(await approve('2.0.0', 25)).toBe(0)
    await until('the bot reads 25', async () => bot.get(POLICY)['limit'] === 25)
    expect((await hms(['rollback', `${POLICY}@1.0.0`], env)).code).toBe(0)
    await until('the bot reads 35', async () => bot.get(POLICY)['limit'] === 35)
    expect(await approve('3.0.0', 20)).toBe(0)
    await until('the bot reads 20', async () => bot.get(POLICY)['limit'] === 20)
    await edit(() => first)
    await restart()
    await until('config-store does not serve the old head', isRefused)
    await until('rollout confirms what the bot has', async () => bot.state === 'READY')
    expect(bot.explain(POLICY)).toMatchObject({ source: 'live', value: { limit: 20 } })
  }, 240_000)

  async function isRefused(): Promise<boolean> {
    const response = await fetch(`${env['HMS_URL']}/v1/policies/${POLICY}`)
    const { code } = (await response.json()) as { code?: string }
    return response.status === 503 && code === 'HMS_STORE_UNVERIFIED'
  }

  /** Limit that a bot without a copy of its own reads; `nothing` if it gets none. */
  async function readByNewBot(name: string): Promise<unknown> {
    const stranger = await open(name)
    try {
      return stranger.get(POLICY)['limit']
    } catch {
      return 'nothing'
    } finally {
      await stranger.close()
    }
  }

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

  /** Changes config-store’s stable document under a new revision, so that every bot is notified; returns the one before. */
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
