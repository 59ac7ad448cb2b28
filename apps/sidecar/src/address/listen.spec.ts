import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listen, type ListenAddress } from './listen.js'

let folder: string
let path: string
let servers: Server[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hms-sidecar-'))
  path = join(folder, 'sidecar.sock')
  servers = []
})
afterEach(async () => {
  await Promise.all(servers.map(close))
  rmSync(folder, { recursive: true })
})

async function serve(place: ListenAddress): Promise<string> {
  const server = createServer((socket) => socket.end())
  servers.push(server)
  return listen(server, place)
}
const close = (server: Server): Promise<unknown> | void => (server.listening ? new Promise((closed) => server.close(closed)) : undefined)
/**
 * Creates a stale socket file, as a dead process leaves it. The file is renamed before the close, which unlinks only the path that was
 * bound.
 */
async function leaveBehind(): Promise<void> {
  const dead = createServer()
  dead.listen(join(folder, 'dead'))
  await once(dead, 'listening')
  renameSync(join(folder, 'dead'), path)
  await close(dead)
}

describe('a socket', () => {
  it('has mode 0600 regardless of the umask, and is removed on close', async () => {
    const mask = process.umask(0)
    try {
      expect(await serve({ socket: path })).toBe(path)
      expect([statSync(path).isSocket(), statSync(path).mode & 0o777, process.umask()]).toEqual([true, 0o600, 0])
    } finally {
      process.umask(mask)
    }
    await close(servers[0]!)
    expect(existsSync(path)).toBe(false)
  })

  it('replaces the stale socket of a dead process', async () => {
    await leaveBehind()
    expect(statSync(path).isSocket()).toBe(true)
    await serve({ socket: path })
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('does not replace a socket in use', async () => {
    await serve({ socket: path })
    await expect(serve({ socket: path })).rejects.toMatchObject({ code: 'HMS_SIDECAR_SOCKET_IN_USE', status: 409 })
    await expect(serve({ socket: path })).rejects.toMatchObject({ status: 409 })
  })

  it('does not replace a file that is not a socket, nor the target of a link', async () => {
    writeFileSync(path, 'kept')
    const link = join(folder, 'link')
    symlinkSync(path, link)
    for (const socket of [path, link])
      await expect(serve({ socket })).rejects.toMatchObject({ code: 'HMS_SIDECAR_SOCKET_REFUSED', status: 400 })
    expect(readFileSync(path, 'utf8')).toBe('kept')
  })

  it.each<[string, () => string]>([
    ['in a folder that is not there', () => join(folder, 'none', 's')],
    ['below a file', () => join(path, 's')],
    ['with a path that would be cut', () => join(folder, 'x'.repeat(104))],
  ])('is refused %s', async (_what, at) => {
    writeFileSync(path, '')
    await expect(serve({ socket: at() })).rejects.toMatchObject({ code: 'HMS_SIDECAR_SOCKET_REFUSED', status: 400 })
  })
})

describe('a port', () => {
  it('is bound to loopback', async () => {
    expect(await serve({ port: 0 })).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect((servers[0]!.address() as AddressInfo).address).toBe('127.0.0.1')
  })

  it('in use is a 409 that suggests the next port', async () => {
    await serve({ port: 0 })
    const { port } = servers[0]!.address() as AddressInfo
    await expect(serve({ port })).rejects.toMatchObject({
      code: 'HMS_PORT_IN_USE',
      status: 409,
      next: [`hms-svc sidecar --port ${port + 1}`],
    })
  })
})
