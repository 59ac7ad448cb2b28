import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SERVICES } from '#libs/contracts'
import { variableOf } from '#libs/process'
import { mintToken } from '#libs/signing'
import { readConsoleKey } from './console-key.config.js'
import { serveEdge } from './edge.js'

const { token } = mintToken()
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hms-console-key-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function keyFile(text: string, mode = 0o600): string {
  const file = join(folder, 'key')
  writeFileSync(file, text)
  chmodSync(file, mode)
  return file
}

describe('HMS_CONSOLE_KEY_FILE', () => {
  it('is unset by default', async () => {
    expect(await readConsoleKey({})).toBeUndefined()
    expect(await readConsoleKey({ HMS_CONSOLE_KEY_FILE: '' })).toBeUndefined()
  })

  it('names a file that holds one key', async () => {
    expect(await readConsoleKey({ HMS_CONSOLE_KEY_FILE: keyFile(`${token}\n`) })).toBe(token)
  })

  it('is refused if other users can read or replace its file', async () => {
    for (const mode of [0o604, 0o640, 0o622]) {
      const env = { HMS_CONSOLE_KEY_FILE: keyFile(token, mode) }
      await expect(readConsoleKey(env), mode.toString(8)).rejects.toMatchObject({ code: 'HMS_KEY_EXPOSED', status: 403 })
    }
  })

  it.each(['', 'hms_short', `${token}\n${token}`, `Bearer ${token}`])(
    'is refused if its file has anything but one key: %j',
    async (text) => {
      const env = { HMS_CONSOLE_KEY_FILE: keyFile(text) }
      await expect(readConsoleKey(env)).rejects.toMatchObject({ code: 'HMS_CONFIG_INVALID', status: 400 })
    },
  )

  it('is refused if its file does not exist', async () => {
    await expect(readConsoleKey({ HMS_CONSOLE_KEY_FILE: join(folder, 'nothing') })).rejects.toMatchObject({ code: 'HMS_FILE_UNREADABLE' })
  })
})

describe('an edge whose console has a key', () => {
  let service: Server
  let edge: Awaited<ReturnType<typeof serveEdge>>
  let authorizations: (string | undefined)[]

  beforeEach(async () => {
    authorizations = []
    service = createServer(({ headers, url }, response) => {
      // Probes of readiness have no key.
      if (url !== '/readyz') authorizations.push(headers.authorization)
      response.writeHead(200, { 'content-type': 'application/json' }).end('[]')
    })
    service.listen(0, '127.0.0.1')
    await once(service, 'listening')
    const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
    edge = await serveEdge({
      ...Object.fromEntries(SERVICES.map((name) => [variableOf(name, 'URLS'), url])),
      HMS_PORT: '0',
      HMS_LOG_LEVEL: 'silent',
      HMS_CONSOLE_KEY_FILE: keyFile(token),
      HMS_CONSOLE_HOSTS: 'hms.agency.example, other.example',
    })
  })
  afterEach(async () => {
    await edge.stop()
    service.closeAllConnections()
    service.close()
  })

  const get = (path: string, init?: RequestInit): Promise<Response> => fetch(`http://127.0.0.1:${edge.port}${path}`, init)

  it('reads with the key to show pages', async () => {
    expect((await get('/runs', { headers: { accept: 'text/html' } })).status).toBe(200)
    expect([...new Set(authorizations)]).toEqual([`Bearer ${token}`])
  })

  it('believes nothing of what a proxy reports about a person, and no authorization but a key', async () => {
    const reported = {
      'x-forwarded-user': 'chief',
      'x-forwarded-groups': 'root',
      'x-auth-request-user': 'chief',
      cookie: '_oauth2_proxy=x',
    }
    for (const authorization of ['Basic Y2hpZWY6', 'Negotiate x'])
      expect((await get('/runs', { headers: { accept: 'text/html', authorization, ...reported } })).status).toBe(200)
    expect([...new Set(authorizations)]).toEqual([`Bearer ${token}`])
    authorizations = []
    await get('/runs', { headers: { accept: 'text/html', authorization: 'Bearer hms_own_key' } })
    expect([...new Set(authorizations)]).toEqual(['Bearer hms_own_key'])
  })

  it('shows pages only under its own host names', async () => {
    const status = async (host: string, path = '/runs'): Promise<number> => {
      const call = request({ port: edge.port, host: '127.0.0.1', path, headers: { host, accept: 'text/html' }, agent: false }).end()
      const [response] = (await once(call, 'response')) as [IncomingMessage]
      response.destroy()
      return response.statusCode!
    }
    for (const host of ['hms.agency.example', 'HMS.agency.example:8443', 'other.example', `localhost:${edge.port}`, '[::1]'])
      expect([host, await status(host)]).toEqual([host, 200])
    authorizations = []
    for (const host of [
      'evil.example',
      'hms.agency.example.evil.example',
      'xhms.agency.example',
      'hms.agency.example:80:80',
      'hms.agency.example.',
    ])
      for (const path of ['/', '/runs', '/policies/any', '/console/live?page=/runs'])
        expect([host, path, await status(host, path)]).toEqual([host, path, 403])
    expect(authorizations.filter((authorization) => authorization !== undefined)).toEqual([])
    expect(await status('evil.example', '/livez')).toBe(200)
  })

  it('queries the readiness of each instance once for concurrent probes', async () => {
    authorizations = []
    await Promise.all(Array.from({ length: 40 }, () => get('/readyz')))
    expect(authorizations.length).toBeLessThanOrEqual(2 * SERVICES.length)
  })

  it('forwards no request with the key', async () => {
    const json = { 'content-type': 'application/json' }
    await get('/v1/runs')
    await get('/v1/runs', { headers: { accept: 'text/html' } })
    await get('/v1/lint', { method: 'POST', headers: json, body: '{}' })
    await get('/v1/bots/b', { method: 'DELETE' })
    await get('/ofrep/v1/evaluate/flags', { method: 'POST', headers: json, body: '{}' })
    expect(authorizations.length).toBeGreaterThanOrEqual(4)
    expect(authorizations.filter((authorization) => authorization !== undefined)).toEqual([])
  })
})
