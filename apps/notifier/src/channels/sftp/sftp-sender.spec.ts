import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { afterEach, describe, expect, it } from 'vitest'
import { describeWithSshd, Sshd, type SshdOptions } from '../../../../../test/support/sshd.js'
import { TcpProxy } from '../../../../../test/support/tcp-proxy/tcp-proxy.js'
import type { Toxic } from '../../../../../test/support/tcp-proxy/toxic.js'
import type { SftpChannel } from '../../partners/channel.js'
import type { Attempt } from '../channel-sender.js'
import { sampleAttempt } from '../sample-attempt.suite.js'
import { BareServer, type BareServerOptions } from './bare-server.suite.js'
import { documentName } from './message-files.js'
import { SftpSender, type SftpSenderOptions } from './sftp-sender.js'
import { ed25519Keys } from './ssh-keys.suite.js'

const NETWORKS = ['127.0.0.0/8']
const SIGNATURE = 'signature of the document\n'
const never = new AbortController().signal
const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

async function sshd(options?: SshdOptions): Promise<Sshd> {
  const server = await Sshd.start(options)
  closers.push(() => server.stop())
  return server
}

async function bare(options?: BareServerOptions): Promise<BareServer> {
  const server = await BareServer.start(options)
  closers.push(() => server.stop())
  return server
}

function sender(options: Partial<SftpSenderOptions> = {}): SftpSender {
  return new SftpSender({ deployment: { profile: 'dev', networks: ['0.0.0.0/0'] }, sign: async () => SIGNATURE, ...options })
}

function attemptAt(server: Sshd | BareServer, more: Partial<SftpChannel> = {}): Attempt<SftpChannel> {
  const { port, hostKey, userKey: key } = server
  const [user, dir] = server instanceof Sshd ? [server.user, server.dir] : ['partner', '/drop']
  return sampleAttempt({ kind: 'sftp', host: '127.0.0.1', port, user, hostKey, dir, key, ...more }, { networks: NETWORKS })
}

/** Breaks the connection after this many bytes sent to the server. */
function cutAfter(bytes: number): Toxic {
  return {
    name: `cut after ${bytes}`,
    directions: ['up'],
    infect: (flow) => {
      let left = bytes
      return {
        async *bytes(chunk) {
          yield chunk.subarray(0, left)
          left -= chunk.length
          if (left <= 0) flow.abandonClient()
        },
      }
    },
  }
}

function filesIn(dir: string): Record<string, string> {
  return Object.fromEntries(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), 'utf8')]))
}

describeWithSshd('SftpSender and OpenSSH', () => {
  it('writes the document with checksum and signature, and reports where', async () => {
    const server = await sshd()
    const attempt = attemptAt(server)
    const name = documentName(attempt)
    const outcome = await sender().send(attempt, never)
    expect(outcome).toMatchObject({ kind: 'delivered', latencyMs: expect.any(Number) })
    expect(outcome.detail).toMatch(
      new RegExp(`^${name.replaceAll('.', '\\.')} written at 127\\.0\\.0\\.1:${server.port}, host key SHA256:`),
    )
    expect(Object.keys(filesIn(server.dir)).sort()).toEqual([name, `${name}.sha256`, `${name}.sig`].sort())
    expect(spawnSync('sha256sum', ['-c', `${name}.sha256`], { cwd: server.dir })).toMatchObject({ status: 0 })
    expect(filesIn(server.dir)[`${name}.sig`]).toBe(SIGNATURE)
  })

  it.each([
    { hostKey: 'ecdsa', userKey: 'ecdsa' },
    { hostKey: 'rsa', userKey: 'rsa' },
  ] as const)(
    'signs in with keys of type $userKey',
    async (keys) => {
      expect(await sender().send(attemptAt(await sshd(keys)), never)).toMatchObject({ kind: 'delivered' })
    },
    // Generating an RSA key takes long.
    180_000,
  )

  it('skips a complete file, and replaces an incomplete one', async () => {
    const server = await sshd()
    const attempt = attemptAt(server)
    await sender().send(attempt, never)
    const document = join(server.dir, documentName(attempt))
    const [before, bytes] = [statSync(document), readFileSync(document)]
    expect(await sender().send(attempt, never)).toMatchObject({
      kind: 'delivered',
      detail: expect.stringContaining('found as an earlier try'),
    })
    expect(statSync(document).ino).toBe(before.ino)
    writeFileSync(document, bytes.subarray(1))
    expect(await sender().send(attempt, never)).toMatchObject({ kind: 'delivered', detail: expect.stringContaining('written at') })
    expect(readFileSync(document)).toEqual(bytes)
  })

  it('completes after a broken connection, and never leaves a partial file under the final name', async () => {
    const server = await sshd()
    const proxy = await TcpProxy.start({ host: '127.0.0.1', port: server.port })
    closers.push(() => proxy.stop())
    await sender().send(attemptAt(server), never)
    const shortest = Math.min(...Object.values(filesIn(server.dir)).map((text) => text.length))
    let cuts = 0
    for (const bytes of [3_000, 3_600, 4_200, 4_800, 5_400]) {
      const attempt = { ...attemptAt(server, { port: proxy.port }), id: `msg_${bytes}` }
      const name = documentName(attempt)
      const lift = proxy.apply(cutAfter(bytes))
      const outcome = await sender().send(attempt, never)
      lift()
      if (outcome.kind === 'retry') cuts++
      for (const [file, text] of Object.entries(filesIn(server.dir))) {
        if (file.startsWith(name)) expect(text.length, `${file} after ${bytes} bytes`).toBeGreaterThanOrEqual(shortest)
      }
      expect(await sender().send(attempt, never)).toMatchObject({ kind: 'delivered' })
      expect(spawnSync('sha256sum', ['-c', `${name}.sha256`], { cwd: server.dir })).toMatchObject({ status: 0 })
      expect(readdirSync(server.dir).filter((file) => file.endsWith('.part'))).toEqual([])
    }
    expect(cuts).toBeGreaterThan(2)
  }, 180_000)

  it('refuses a server with another host key, of the registered type or another type, and writes nothing', async () => {
    const server = await sshd()
    const other = ed25519Keys().public
    const outcome = await sender().send(attemptAt(server, { hostKey: other }), never)
    expect(outcome).toMatchObject({
      kind: 'refused',
      detail: expect.stringMatching(/shows the host key SHA256:\S+, registered is SHA256:/),
    })
    const ecdsa = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }).public
    expect(await sender().send(attemptAt(server, { hostKey: ecdsa }), never)).toMatchObject({
      kind: 'refused',
      detail: expect.stringContaining('no host key of the registered type'),
    })
    expect(filesIn(server.dir)).toEqual({})
  })

  it('reports retry if our key is refused, the folder is missing, or writing is denied', async () => {
    const server = await sshd()
    const key = ed25519Keys().private
    expect(await sender().send(attemptAt(server, { key }), never)).toMatchObject({
      kind: 'retry',
      detail: 'the server refuses our key for this user',
    })
    expect(await sender().send(attemptAt(server, { dir: '/no/such/folder' }), never)).toMatchObject({
      kind: 'retry',
      detail: expect.stringContaining('No such file'),
    })
    const readOnly = await sshd({ sftpFlags: '-R' })
    expect(await sender().send(attemptAt(readOnly), never)).toMatchObject({
      kind: 'retry',
      detail: expect.stringContaining('Permission denied'),
    })
  })

  it('reports retry on a full disk, and leaves no part file', async (context) => {
    const server = await sshd()
    const dir = join(server.dir, 'small')
    mkdirSync(dir)
    // One memory page has room for one small file.
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'none', dir]).status !== 0) return context.skip()
    closers.push(async () => void spawnSync('umount', [dir]))
    const attempt = attemptAt(server, { dir })
    expect(await sender().send(attempt, never)).toMatchObject({ kind: 'retry', detail: expect.stringMatching(/\.sig/) })
    expect(readdirSync(dir)).toEqual([`${documentName(attempt)}.sha256`])
  })

  it('reads acknowledgements of partners, and does not rewrite acknowledged documents', async () => {
    const server = await sshd()
    const attempt = attemptAt(server)
    const name = documentName(attempt)
    const { id, content } = attempt
    const message = { id, policy: content.policy, version: content.version }
    expect(await sender().acknowledgements(attempt, [message], never)).toEqual({ ok: true, acks: new Map() })
    writeFileSync(join(server.dir, `${name}.ack`), 'x'.repeat(10_000))
    expect(await sender().acknowledgements(attempt, [message, { ...message, id: 'other' }], never)).toEqual({
      ok: true,
      acks: new Map([[id, 'x'.repeat(4096)]]),
    })
    expect(await sender().send(attempt, never)).toMatchObject({ kind: 'delivered', detail: expect.stringContaining('found acknowledged') })
    expect(existsSync(join(server.dir, name))).toBe(false)
  })
})

describe('SftpSender', () => {
  it('writes to a server without extensions, and overwrites no foreign file there', async () => {
    const server = await bare()
    const attempt = attemptAt(server)
    const path = `/drop/${documentName(attempt)}`
    expect(await sender().send(attempt, never)).toMatchObject({ kind: 'delivered', detail: expect.stringContaining('written') })
    expect([...server.files.keys()].sort()).toEqual([path, `${path}.sha256`, `${path}.sig`].sort())
    expect(await sender().send(attempt, never)).toMatchObject({ kind: 'delivered', detail: expect.stringContaining('found') })
    server.files.set(path, Buffer.from('theirs'))
    expect(await sender().send(attempt, never)).toMatchObject({ kind: 'retry', detail: expect.stringContaining('renaming to') })
    expect(server.files.get(path)?.toString()).toBe('theirs')
    expect([...server.files.keys()].filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it.each(['OPENDIR', 'STAT', 'OPEN', 'WRITE', 'CLOSE', 'RENAME'])('times out on a server that does not answer %s', async (silentAt) => {
    const server = await bare({ silentAt })
    expect(await sender({ stepMs: 150 }).send(attemptAt(server), never)).toMatchObject({ kind: 'retry', timedOut: true })
  })

  it.each(['', 'SSH-2.0-OpenSSH_10.0\r\n'])('times out on a server that sends only %j', async (greeting) => {
    const sockets = new Set<{ destroy(): void }>()
    const silent = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined))
      socket.write(greeting)
    })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    closers.push(async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => silent.close(resolve))
    })
    const { port } = silent.address() as AddressInfo
    const attempt = attemptAt(await bare(), { port })
    expect(await sender({ stepMs: 150 }).send(attempt, never)).toMatchObject({ kind: 'retry', timedOut: true })
    expect(await sender({ deadlineMs: 150 }).send(attempt, never)).toMatchObject({ kind: 'retry', timedOut: true })
  })

  it.each(['OPEN', 'WRITE', 'CLOSE', 'RENAME', 'STAT'])(
    'removes control characters from the error of a server that fails at %s',
    async (request) => {
      const server = await bare({ failsAt: { request, status: 4 } })
      const outcome = await sender().send(attemptAt(server), never)
      expect(outcome).toMatchObject({ kind: 'retry', detail: expect.stringMatching(/: no \[31m forged: line$/) })
    },
  )

  it('reads a limited number of names from an endless folder', async () => {
    const server = await bare({ isEndless: true })
    expect(await sender().send(attemptAt(server), never)).toMatchObject({ kind: 'delivered' })
    expect(server.listed).toBe(10_000)
  })

  it('reports retry for a server that does not speak SSH', async () => {
    const noise = createServer(
      (socket) =>
        void socket
          .on('error', () => undefined)
          .resume()
          .end(Buffer.alloc(64 * 1024, 0xff)),
    )
    await new Promise<void>((resolve) => noise.listen(0, '127.0.0.1', resolve))
    closers.push(() => new Promise((resolve) => void noise.close(() => resolve())))
    const { port } = noise.address() as AddressInfo
    expect(await sender().send(attemptAt(await bare(), { port }), never)).toMatchObject({ kind: 'retry' })
  })

  it('refuses a forbidden address, literal or resolved, before it connects', async () => {
    let reached = false
    const server = createServer(() => {
      reached = true
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => new Promise((resolve) => void server.close(() => resolve())))
    const { port } = server.address() as AddressInfo
    const attempt = attemptAt(await bare(), { port })
    const rebinding = sender({ resolve: (_, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) })
    const production = sender({ deployment: { profile: 'production', networks: ['0.0.0.0/0'] } })
    const named = { ...attempt.channel, host: 'sftp.partner.example' }
    for (const [by, where] of [
      [sender(), { ...attempt, networks: [] }],
      [production, attempt],
      [rebinding, { ...attempt, networks: ['10.0.0.0/8'], channel: named }],
      [rebinding, { ...attempt, networks: [], channel: { ...named, port: 22 } }],
      [sender(), { ...attempt, networks: [], channel: { ...attempt.channel, host: '0x7f.1', port: 22 } }],
    ] as const) {
      expect(await by.send(where, never)).toMatchObject({ kind: 'refused' })
    }
    expect(reached).toBe(false)
  })

  it('connects to the resolved address that was checked', async () => {
    const server = await bare()
    const named = sender({ resolve: (_, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) })
    expect(await named.send(attemptAt(server, { host: 'sftp.partner.example' }), never)).toMatchObject({ kind: 'delivered' })
  })

  it('stops on abort', async () => {
    const server = await bare({ silentAt: 'OPENDIR' })
    const stop = new AbortController()
    const sending = sender().send(attemptAt(server), stop.signal)
    stop.abort()
    expect(await sending).toMatchObject({ kind: 'retry', detail: 'stopped before the file was there' })
  })

  it('refuses a message that cannot become files, and a key that cannot be used for login', async () => {
    const server = await bare()
    expect(await sender().send({ ...attemptAt(server), body: Buffer.from('no JSON') }, never)).toMatchObject({ kind: 'refused' })
    expect(sender().refusal({ ...attemptAt(server).channel, key: 'no key' })).toMatchObject({ code: 'HMS_PARTNER_INVALID' })
    expect(sender().refusal(attemptAt(server).channel)).toBeUndefined()
  })
})
