import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setInterval } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, loadIdentity, statement, type HmsConnection, type HmsError } from '#libs/client'
import { canonicalJson, type PolicyView, type StreamFrame } from '#libs/contracts'
import { LooseApi } from '../support/loose-api.js'
import { Random } from '../kill/random.js'
import { ReadRecord } from '../support/lines/read-record.js'
import { READERS, READS, SAME_WITHIN_MS, SECONDS, SEED } from '../support/lines/severed-sockets.config.js'
import { SeveredLines } from '../support/lines/severed-lines.js'
import { policyFile } from '../support/policy-file.js'
import { freePort, hms, ready, scratchFolder, Served, until } from '../support/processes.js'
import { TcpProxy } from '../support/tcp-proxy/tcp-proxy.js'
import { slicer } from '../support/tcp-proxy/toxics.js'

const BUNDLE = ['epa-pm25-limit', 'ozone-limit'] as const
const VERSIONS = ['1.0.0', '2.0.0']
const SLOW_MS = (SECONDS + 420) * 1_000

/** A change each second, and lines that do not last; one bot in two lives by two policies of its own choice. */
describe(`sockets that are severed at random (HMS_TEST_SEVERED_SEED=${SEED})`, () => {
  const scratch = scratchFolder()
  const dataDir = join(scratch.path, 'data')
  const proxies: TcpProxy[] = []
  const bots: HmsConnection[] = []
  const records: ReadRecord[] = []
  const random = new Random(SEED)
  let env: Record<string, string>
  let url: string
  let dev: Served
  let api: LooseApi
  let published = 0
  const refused: string[] = []

  beforeAll(async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    env = { HMS_URL: url, HMS_DATA_DIR: dataDir, HMS_PORT: String(port) }
    await start()
    for (const version of VERSIONS) {
      const files = BUNDLE.map((id) => policyFile(scratch.path, version, Number(version[0]) * 10, id))
      const done = await hms(['approve', ...files, '--sign', 'EPA Chief', '--observe', '0s', '--bake', '0s', '--watch'], env)
      expect(done.code, done.stderr).toBe(0)
    }
    const { roster, operatorSigner } = await loadIdentity(dataDir)
    const who = { signer: operatorSigner(), audience: roster.installation }
    const authorize = statement(
      async () => who,
      () => new Date(),
    )
    api = new LooseApi({ url, authorize, timeoutMs: 60_000 })
    for (let index = 0; index < READERS; index++) {
      const proxy = await TcpProxy.start({ host: '127.0.0.1', port })
      const policies = index % 2 === 0 ? undefined : BUNDLE
      const options = { url: proxy.url(url), bot: `inspector-${index}`, policies, roster: join(dataDir, 'roster.json'), timeoutMs: 60_000 }
      const bot = await connect(options)
      proxies.push(proxy)
      bots.push(bot)
      records.push(new ReadRecord(`inspector-${index}`, bot, BUNDLE))
    }
  }, 420_000)

  afterAll(async () => {
    for (const bot of bots) await bot.close()
    for (const proxy of proxies) await proxy.stop()
    await dev?.stop()
    scratch.remove()
  })

  it('leave every bot with what the server has, and show none half a bundle or a lower revision', { timeout: SLOW_MS }, async () => {
    const lines = new SeveredLines(proxies, random)
    await publishFor(SECONDS / 2)
    await killInMidTransfer()
    await publishFor(SECONDS / 2)
    while (records.reduce((sum, { reads }) => sum + reads, 0) < READS) await publishFor(1)
    await lines.calm()
    await until('every bot has what the server has', same, SAME_WITHIN_MS)
    expect(records.flatMap(({ violations }) => violations)).toEqual([])
    expect(refused).toEqual([])
    expect(Math.min(...records.map(({ changes }) => changes.size))).toBeGreaterThan(0)
    expect(lines.cuts).toBeGreaterThan(READERS)
    expect(published).toBeGreaterThan(SECONDS / 4)
  })

  async function start(): Promise<void> {
    dev = Served.start(['dev'], env)
    await until('dev is ready', async () => (await ready(url)) || dev.ended, 300_000)
    if (dev.ended) throw new Error(dev.output)
  }

  /** The other of the two releases, by a rollback: a change that takes milliseconds, of both policies together. */
  async function publish(): Promise<void> {
    const { version: live } = await read(BUNDLE[0])
    await api.post('/v1/rollbacks', { policy: BUNDLE[0], version: VERSIONS.find((version) => version !== live) })
    published++
  }

  /** Meanwhile each bot is read as often as the timer comes. */
  async function publishFor(seconds: number): Promise<void> {
    const endsAt = performance.now() + seconds * 1_000
    let publishing: Promise<void> | undefined
    let dueAt = performance.now()
    for await (const _tick of setInterval(5)) {
      for (const record of records) record.read()
      if (performance.now() >= endsAt) break
      if (publishing !== undefined || performance.now() < dueAt) continue
      dueAt += 1_000
      publishing = publish()
        .catch((error: HmsError) => {
          // Rollout is ahead of what config-store has: that version is on its way.
          if (error.status !== 409) refused.push(error.message)
        })
        .finally(() => (publishing = undefined))
    }
    await publishing
  }

  /** While each line passes the frames of a change in small pieces; another process goes on with the same folder. */
  async function killInMidTransfer(): Promise<void> {
    const lifts = proxies.map((proxy) => proxy.apply(slicer({ bytes: 200, gapMs: 5, direction: 'down' })))
    const changed = new Promise<void>((resolve) => bots.forEach((bot) => bot.on('change', () => resolve())))
    // The caller never learns whether it was stored when the process died.
    const asked = publish().catch(() => {})
    await Promise.race([changed, asked])
    await dev.kill()
    await asked
    for (const lift of lifts) lift()
    await start()
  }

  async function read(id: string): Promise<PolicyView> {
    return (await (await fetch(`${url}/v1/policies/${id}`)).json()) as PolicyView
  }

  /** Values by their digest, and the revision, at every bot as at the server. */
  async function same(): Promise<boolean> {
    const { revision } = (await (await fetch(`${url}/v1/snapshot`)).json()) as StreamFrame
    const truth = await Promise.all(BUNDLE.map(async (id) => digestOf((await read(id)).value)))
    return bots.every((bot) => bot.revision === revision && BUNDLE.every((id, at) => digestOf(bot.get(id)) === truth[at]))
  }
})

function digestOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}
