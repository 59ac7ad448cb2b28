import { spawnSync } from 'node:child_process'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { DeliveryDetail, DeliveryView } from '#libs/contracts'
import { freePort, hms, ready, scratchFolder, Served, until } from '../support/processes.js'
import { describeWithSshd, Sshd } from '../support/sshd.js'
import { TcpProxy } from '../support/tcp-proxy/tcp-proxy.js'
import type { Direction, Toxic } from '../support/tcp-proxy/toxic.js'

const POLICY = 'epa-zone-limits'
/** Longer than one write of SFTP, so that an upload can be cut in its middle. */
const TEXT = 'x'.repeat(80_000)
/** Beside other work on two cores a process may take a minute to start. */
const PATIENT_MS = 900_000
const WITHIN_MS = 300_000

/** `kill -9` of the process that uploads, through a proxy that holds the line at a moment which the folder of the partner shows. */
describeWithSshd('a notifier that is killed while it uploads', () => {
  const folder = scratchFolder()
  let env: Record<string, string>
  let server: Sshd
  let proxy: TcpProxy
  let dev: Served

  beforeAll(async () => {
    server = await Sshd.start()
    proxy = await TcpProxy.start({ host: '127.0.0.1', port: server.port })
    const port = await freePort()
    env = { HMS_URL: `http://127.0.0.1:${port}`, HMS_DATA_DIR: join(folder.path, 'data'), HMS_PORT: String(port) }
    await start()
    const [key, partner] = [join(folder.path, 'key'), join(folder.path, 'partner.yaml')]
    writeFileSync(key, server.userKey, { mode: 0o600 })
    const { user, dir, hostKey } = server
    const sftp = JSON.stringify({ host: '127.0.0.1', port: proxy.port, user, dir, hostKey, key: `file:${key}` })
    writeFileSync(partner, `id: va-deq\nname: Virginia DEQ\nchannels:\n  - sftp: ${sftp}\nnetworks: [127.0.0.0/8]\n`)
    const added = await hms(['partners', 'add', partner], env)
    expect(added, added.stderr).toMatchObject({ code: 0 })
  }, PATIENT_MS)

  afterAll(async () => {
    await dev.stop()
    await proxy.stop()
    await server.stop()
    folder.remove()
  })

  it(
    'in the middle of the document: the next process writes it whole, and nothing is left of the first',
    async () => {
      const isHalf = (): boolean => sizesOf(/\.json\.[0-9a-f]+\.part$/).some((bytes) => bytes > 0)
      await killWhen('up', isHalf, () => approve('1.0.0'))
      expect([documents().length, isHalf()]).toEqual([0, true])
      await start()
      const [told, name] = [await delivered('1.0.0'), documents()[0]!]
      expect(told.tries).toMatchObject([{ detail: expect.stringContaining(`${name} written at`) }])
      expectWhole(name, 4)
    },
    PATIENT_MS,
  )

  it(
    'after the last byte, before the response: the next process finds its work done, and writes nothing',
    async () => {
      await killWhen(
        'down',
        () => documents().length === 2,
        () => approve('2.0.0'),
      )
      const name = documents().find((each) => each.includes('_2.0.0_'))!
      const before = statSync(join(server.dir, name))
      await start()
      const told = await delivered('2.0.0')
      expect(told.tries).toMatchObject([{ detail: expect.stringContaining(`${name} found as an earlier try`) }])
      expect(statSync(join(server.dir, name))).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs })
      expectWhole(name, 8)
    },
    PATIENT_MS,
  )

  /** Holds whatever goes this way from the moment on, and kills the process while it waits. */
  async function killWhen(direction: Direction, isTime: () => boolean, act: () => Promise<void>): Promise<void> {
    let isHeld = false
    const hold: Toxic = {
      name: `hold ${direction}`,
      directions: [direction],
      infect: (flow) => ({
        async *bytes(chunk) {
          if (isTime()) {
            isHeld = true
            await flow.wait(Infinity)
            flow.reset()
          } else yield chunk
        },
      }),
    }
    proxy.apply(hold)
    await act()
    await until('the upload is held', async () => isHeld, WITHIN_MS)
    await dev.kill()
    proxy.cut()
    proxy.calm()
  }

  async function start(): Promise<void> {
    dev = Served.start(['dev', '--data', env['HMS_DATA_DIR']!], env)
    await until('dev is ready', async () => (await ready(env['HMS_URL']!)) || dev.ended, WITHIN_MS)
    if (dev.ended) throw new Error(dev.output)
  }

  async function approve(version: string): Promise<void> {
    const path = join(folder.path, `${version}.yaml`)
    writeFileSync(path, `id: ${POLICY}\nversion: ${version}\neffective: 2024-09-01T00:00:00Z\ntext: ${TEXT}\n`)
    const approved = await hms(['approve', path, '--sign', 'EPA Chief', '--observe', '0s', '--bake', '0s'], env, WITHIN_MS)
    expect(approved, approved.stderr).toMatchObject({ code: 0 })
  }

  async function delivered(version: string): Promise<DeliveryDetail> {
    const newest = async (): Promise<DeliveryView | undefined> =>
      (await read<DeliveryView[]>('/v1/deliveries')).find((each) => each.version === version)
    await until(`${version} is delivered`, async () => (await newest())?.state === 'delivered', WITHIN_MS)
    return read<DeliveryDetail>(`/v1/deliveries/${encodeURIComponent((await newest())!.id)}`)
  }

  async function read<T>(path: string): Promise<T> {
    return (await (await fetch(`${env['HMS_URL']}${path}`)).json()) as T
  }

  /** `files`: how many the folder has in all, parts included. */
  function expectWhole(name: string, files: number): void {
    expect(spawnSync('sha256sum', ['-c', `${name}.sha256`], { cwd: server.dir })).toMatchObject({ status: 0 })
    expect(readdirSync(server.dir)).toHaveLength(files)
  }

  function documents(): string[] {
    return readdirSync(server.dir).filter((name) => !name.startsWith('.') && name.endsWith('.json'))
  }

  function sizesOf(pattern: RegExp): number[] {
    return readdirSync(server.dir)
      .filter((name) => pattern.test(name))
      .map((name) => statSync(join(server.dir, name)).size)
  }
})
