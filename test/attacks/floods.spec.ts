import { once } from 'node:events'
import { connect as dial, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { signApproval, signedBy } from '#libs/client'
import { SERVICES, type Envelope, type IssuedToken, type PreparedApproval, type TokenRequest } from '#libs/contracts'
import { variableOf } from '#libs/process'
import { generateKeyPair, localSigner, signRequest, signRunDecision, type Signer } from '#libs/signing'
import { serveEdge } from '../../apps/edge/src/edge.js'
import { LooseApi } from '../support/loose-api.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const LIMITS = { HMS_HTTP_WRITES_PER_SECOND: '1' }
const BURST = 10
const FEW = { HMS_HTTP_CONNECTIONS_PER_CLIENT: '12' }

const headers = { 'content-type': 'application/json', connection: 'close' }
const post = (url: string, more: Record<string, string> = {}, path = '/v1/approvals/prepare'): Promise<Response> =>
  fetch(url + path, { method: 'POST', headers: { ...headers, ...more }, body: '{}' })
/** At once: what time brings meanwhile must not count. */
const flood = (times: number, url: string, more?: (n: number) => Record<string, string>, path?: string): Promise<Response[]> =>
  Promise.all(
    Array.from({ length: times }, async (_, n) => {
      const answer = await post(url, more?.(n), path)
      await answer.clone().arrayBuffer()
      return answer
    }),
  )
const limited = (answers: Response[]): number => answers.filter(({ status }) => status === 429).length

describe('a flood of writes', () => {
  let system: MemorySystem
  beforeAll(async () => {
    system = await startMemorySystem({ HMS_PROFILE: 'production', ...LIMITS })
  })
  afterAll(() => system.stop())

  it('meets a limit with Retry-After, whatever its headers claim', async () => {
    const answers = await flood(4 * BURST, system.url, (n) => ({
      'x-forwarded-for': `192.0.2.${n}`,
      'x-hms-client': `192.0.2.${n}`,
      authorization: `Bearer hms_${'a'.repeat(16)}_${String(n).padStart(43, 'b')}`,
    }))
    expect(limited(answers)).toBeGreaterThanOrEqual(BURST)
    const refused = answers.find(({ status }) => status === 429)!
    expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
    expect(await refused.json()).toMatchObject({ code: 'HMS_HTTP_TOO_MANY', retryable: true })
  })

  it('takes nothing from reads, probes, scrapers, and what services send each other', async () => {
    expect(limited(await flood(2 * BURST, system.url))).toBeGreaterThan(0)
    for (const path of ['/livez', '/readyz', '/metrics', '/v1/roster'])
      expect([path, (await fetch(system.url + path)).status]).toEqual([path, 200])
    expect(limited(await flood(5, system.url, undefined, '/v1/heads'))).toBe(0)
    expect(await (await fetch(`${system.url}/metrics`)).text()).toMatch(/hms_svc_http_refused_total\{what="writes"\} \d+/)
  })

  it('is limited in the name of a service, too', async () => {
    expect(limited(await flood(30 * BURST, system.url, undefined, '/v1/heads'))).toBeGreaterThan(0)
  })

  it('does not reach a key that counts: each has limits of its own', async () => {
    const authorize = signedBy(system.operator, system.roster.installation, () => system.clock.now())
    // The address of the test may write again once a second is over.
    let token: string | undefined
    await expect
      .poll(
        async () => {
          const made = await new LooseApi({ url: system.url, authorize })
            .post<IssuedToken>('/v1/tokens', { scopes: ['operate'] } satisfies TokenRequest)
            .catch(() => undefined)
          return (token = made?.token)
        },
        { timeout: 20_000, interval: 500 },
      )
      .toBeDefined()
    expect(limited(await flood(2 * BURST, system.url))).toBeGreaterThan(0)
    const answers = await flood(4 * BURST, system.url, () => ({ authorization: `Bearer ${token}` }))
    expect(answers.filter(({ status }) => status === 400).length).toBeGreaterThanOrEqual(BURST)
    expect(limited(answers)).toBeGreaterThan(0)
  })
})

describe('a flood without keys beside a person at the same address', () => {
  let system: MemorySystem
  let edge: Awaited<ReturnType<typeof serveEdge>>
  beforeAll(async () => {
    system = await startMemorySystem({ ...LIMITS, HMS_HTTP_TRUSTED_PROXIES: '127.0.0.1' })
    const urls = Object.fromEntries(SERVICES.map((service) => [variableOf(service, 'URLS'), system.url]))
    edge = await serveEdge({ ...urls, HMS_PROFILE: 'dev', HMS_PORT: '0', HMS_LOG_LEVEL: 'silent', ...LIMITS })
  })
  afterAll(async () => {
    await edge.stop()
    await system.stop()
  })
  const signed = async (signer: Signer, path = '/v1/rollbacks'): Promise<string> =>
    signRequest(signer, { method: 'POST', path, body: Buffer.from('{}'), at: system.clock.now(), audience: system.roster.installation })
  const stranger = localSigner(generateKeyPair().privateKey)
  const places = (): string[] => [system.url, `http://127.0.0.1:${edge.port}`]

  it('delays neither a request that they sign nor a statement that they send', async () => {
    for (const url of places()) {
      expect(limited(await flood(5 * BURST, url, undefined, '/v1/alerts'))).toBeGreaterThan(0)
      const forger = { authorization: await signed(stranger) }
      await flood(3 * BURST, url, () => forger, '/v1/rollbacks')
      // The body is refused: it got as far as that.
      const rollback = await post(url, { authorization: await signed(system.operator) }, '/v1/rollbacks')
      expect([url, rollback.status]).toEqual([url, 400])
      for (const path of ['/v1/withdrawals', '/v1/approvals', '/v1/runs/1/decisions', '/v1/freezes/any/lift'])
        expect([path, (await post(url, {}, path)).status]).toEqual([path, 400])
    }
  })

  const sayTo = (url: string, path: string, body: object): Promise<Response> =>
    fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  const sayOften = (times: number, url: string, path: string, body: (n: number) => object | Promise<object>): Promise<Response[]> =>
    Promise.all(Array.from({ length: times }, async (_, n) => sayTo(url, path, await body(n))))
  let nonce = 0
  const decision = (signer: Signer, run = 98_765): Promise<Envelope> => {
    const reason = `because ${nonce++}`
    return signRunDecision(
      { subject: `sha256:${'b'.repeat(64)}`, reason, run, attempt: 1, decision: 'abort', at: system.clock.now() },
      signer,
    )
  }
  const prepared = (): Promise<PreparedApproval> => new PipelineDriver(system).prepare([`pm${nonce++}-limit@1.0.0=35`])

  it('delays no statement that they sign in a body, whatever is forged in bodies', async () => {
    const [chief, counsel] = ['EPA Chief', 'EPA Counsel'].map((name) => system.signers.get(name)!)
    const { digest } = await prepared()
    const none = `sha256:${'a'.repeat(64)}`
    for (const url of places()) {
      const forged = { ...(await decision(stranger)), signatures: [{ keyid: chief!.keyid, sig: Buffer.alloc(64).toString('base64') }] }
      const floods = [
        await sayOften(6 * BURST, url, '/v1/runs/1/decisions', () => ({ statement: forged })),
        await sayOften(6 * BURST, url, '/v1/tickets/1/decisions', () => decision(stranger).then((statement) => ({ statement }))),
        await sayOften(6 * BURST, url, '/v1/approvals', (n) => ({
          digest: n % 2 === 0 ? digest : none,
          signatures: [{ release: none, keyid: chief!.keyid, sig: Buffer.alloc(64).toString('base64') }],
        })),
      ]
      for (const answers of floods) expect(limited(answers)).toBeGreaterThan(0)
      const refused = floods[0]!.find(({ status }) => status === 429)!
      expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
      expect(await refused.json()).toMatchObject({ code: 'HMS_HTTP_TOO_MANY', retryable: true })
      for (const signer of [chief!, counsel!]) {
        const statement = await decision(signer)
        expect((await sayTo(url, '/v1/runs/98765/decisions', { statement })).status).toBe(404)
      }
      const own = await prepared()
      const signatures = await signApproval(own, chief!)
      expect((await sayTo(url, '/v1/approvals', { digest: own.digest, signatures })).status).toBe(202)
      // What everybody may have read counts by address.
      expect(limited(await sayOften(2 * BURST, url, '/v1/approvals', () => ({ digest: own.digest, signatures })))).toBeGreaterThan(0)
      const late = await signRunDecision(
        { subject: none, reason: 'because', run: 1, attempt: 1, decision: 'abort', at: new Date(system.clock.now().getTime() - 3_600_000) },
        chief!,
      )
      expect(limited(await sayOften(2 * BURST, url, '/v1/runs/1/decisions', () => ({ statement: late })))).toBeGreaterThan(0)
    }
  })

  it('limits a key that floods with its own signatures alone, and a replay of another’s by address', async () => {
    const [flooder, other] = ['State Liaison', 'Air Office'].map((name) => system.signers.get(name)!)
    const path = '/v1/runs/98765/decisions'
    const isTaken = async (): Promise<number> => (await sayTo(system.url, path, { statement: await decision(other!) })).status
    const statement = await decision(other!)
    expect(limited(await sayOften(6 * BURST, system.url, path, () => ({ statement })))).toBeGreaterThan(0)
    expect(await isTaken()).toBe(404)
    const own = await sayOften(6 * BURST, system.url, path, async () => ({ statement: await decision(flooder!) }))
    expect(limited(own)).toBeGreaterThan(0)
    expect(await isTaken()).toBe(404)
  })

  it('limits each signer by key, and forgers by their address', async () => {
    const each = await Promise.all(Array.from({ length: 3 * BURST }, () => signed(system.signers.get('EPA Chief')!)))
    expect(limited(await flood(each.length, system.url, (n) => ({ authorization: each[n]! }), '/v1/rollbacks'))).toBeGreaterThan(0)
    const forged = await signed(stranger)
    expect(limited(await flood(3 * BURST, system.url, () => ({ authorization: forged }), '/v1/rollbacks'))).toBeGreaterThan(BURST)
    expect((await post(system.url, { authorization: await signed(system.signers.get('EPA Counsel')!) }, '/v1/rollbacks')).status).toBe(400)
  })
})

describe('too many connections of one client', () => {
  let system: MemorySystem
  let edge: Awaited<ReturnType<typeof serveEdge>>
  const held: Socket[] = []
  beforeAll(async () => {
    system = await startMemorySystem(FEW)
    const { port } = new URL(system.url)
    edge = await serveEdge({ HMS_PROFILE: 'dev', HMS_PORT: '0', HMS_LOG_LEVEL: 'silent', HMS_CONFIG_STORE_PORT: port, ...FEW })
  })
  afterEach(async () => {
    await Promise.all(held.splice(0).map((socket) => (socket.closed ? undefined : once(socket.destroy(), 'close'))))
  })
  afterAll(async () => {
    await edge.stop()
    await system.stop()
  })
  const doors: [string, () => number][] = [
    ['a service', () => Number(new URL(system.url).port)],
    ['the edge', () => edge.port],
  ]

  describe.each(doors)('at %s', (_where, port) => {
    const hold = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) {
        const socket = dial(port(), '127.0.0.1')
        socket.on('error', () => {})
        held.push(socket)
        await once(socket, 'connect')
      }
    }
    const get = async (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port()}${path}`, { headers: { connection: 'close' } })

    it('are refused with a reason, but for probes', async () => {
      await hold(12)
      await expect.poll(async () => (await get('/v1/policies')).status).toBe(429)
      expect(await (await get('/v1/policies')).json()).toMatchObject({ code: 'HMS_HTTP_CONNECTIONS' })
      expect((await get('/livez')).status).toBe(200)
    })

    it('open no stream', async () => {
      await hold(12)
      await expect.poll(async () => (await get('/v1/policies')).status).toBe(429)
      const socket = new WebSocket(`ws://127.0.0.1:${port()}/v1/stream`)
      const [, response] = (await once(
        socket.on('error', () => {}),
        'unexpected-response',
      )) as [unknown, { statusCode: number }]
      expect(response.statusCode).toBe(429)
      socket.terminate()
    })

    it('come in again when others are gone', async () => {
      await expect.poll(async () => (await get('/v1/policies')).status).toBe(200)
    })

    it('and more than a few beyond the bound are cut at once', async () => {
      await hold(12 + 64)
      const socket = dial(port(), '127.0.0.1')
      held.push(socket)
      await once(
        socket.on('error', () => {}),
        'close',
      )
    })
  })

  it('that send half a head are cut, at a service and at the edge', { timeout: 30_000 }, async () => {
    const cut = doors.map(([, port]) => {
      const socket = dial(port(), '127.0.0.1')
      held.push(socket)
      socket.on('error', () => {}).resume()
      socket.write('GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ')
      return once(socket, 'close')
    })
    await Promise.all(cut)
  })
})

describe('behind the edge', () => {
  it('clients are distinguished by the address that the edge saw, not by their headers', async () => {
    const system = await startMemorySystem({ ...LIMITS, HMS_HTTP_TRUSTED_PROXIES: '127.0.0.1' })
    const { port } = new URL(system.url)
    const behind = { HMS_PROFILE: 'dev', HMS_PORT: '0', HMS_LOG_LEVEL: 'silent', HMS_APPROVER_PORT: port }
    const edge = await serveEdge({ ...behind, ...LIMITS, HMS_HTTP_WRITES_PER_SECOND: '1000' })
    try {
      const url = `http://127.0.0.1:${edge.port}`
      const forged = await flood(3 * BURST, url, (n) => ({ 'x-forwarded-for': `192.0.2.${n}`, 'x-hms-client': `192.0.2.${n}` }))
      expect(limited(forged)).toBeGreaterThanOrEqual(BURST)
      const direct = await flood(5, system.url, () => ({ 'x-hms-client': '198.51.100.1' }))
      expect(limited(direct)).toBe(0)
    } finally {
      await edge.stop()
      await system.stop()
    }
  })

  it('a service key is not held to the limit of its address', async () => {
    const edge = await serveEdge({ HMS_PROFILE: 'dev', HMS_PORT: '0', HMS_LOG_LEVEL: 'silent', HMS_APPROVER_PORT: '9', ...LIMITS })
    try {
      const url = `http://127.0.0.1:${edge.port}`
      expect(limited(await flood(3 * BURST, url))).toBeGreaterThan(0)
      expect(limited(await flood(3 * BURST, url, () => ({ authorization: 'Bearer any' })))).toBe(0)
      expect(limited(await flood(30 * BURST, url, () => ({ authorization: 'Bearer any' })))).toBeGreaterThan(0)
    } finally {
      await edge.stop()
    }
  })
})
