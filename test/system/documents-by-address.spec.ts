import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { serveCanned, type CannedService } from '../../apps/cli/src/testing/canned-service.js'
import { makeCertificates } from '../support/broker/certificates.js'
import { hms, scratchFolder, type Finished } from '../support/processes.js'

const SCENARIO = 'id: by-address\npolicies: [epa-pm25-limit]\ncorpus: c\nalert: reading.pm25 > 25\n'
const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`

describe('scenarios and corpora by their address', () => {
  const scratch = scratchFolder()
  let authority: string
  let documents: Server
  let service: CannedService
  let base: string

  beforeAll(async () => {
    authority = await makeCertificates(scratch.path)
    const pem = (name: string): Buffer => readFileSync(join(scratch.path, name))
    documents = createServer({ key: pem('broker.key'), cert: pem('broker.pem') }, (request, response) => {
      const redirect = { '/moved': '/s.yaml', '/around': '/around', '/down': 'http://127.0.0.1:9/s.yaml' }[request.url!]
      if (redirect !== undefined) response.writeHead(302, { location: redirect }).end('gone')
      else if (request.url === '/none') response.writeHead(404).end()
      else if (request.url === '/large') response.end('x'.repeat(300 * 1024))
      else if (request.url === '/silent') response.write('id: ')
      else response.end(request.url!.startsWith('/c.jsonl') ? '{"id":"r1"}\n' : SCENARIO)
    })
    await new Promise<void>((listening) => documents.listen(0, '127.0.0.1', listening))
    base = `https://127.0.0.1:${(documents.address() as AddressInfo).port}`
    service = await serveCanned({ 'POST /v1/scenarios': { body: {} }, 'POST /v1/corpora': { body: {} } })
  }, 60_000)
  afterEach(() => void service.requests.splice(0))
  afterAll(async () => {
    documents.closeAllConnections()
    documents.close()
    await service.close()
    scratch.remove()
  })

  const add = (path: string, digest: string | undefined, ...more: string[]): Promise<Finished> => {
    const argv = [
      'scenarios',
      'add',
      path.startsWith('/') ? base + path : path,
      ...(digest === undefined ? [] : ['--digest', digest]),
      ...more,
    ]
    return hms([...argv, '--url', service.url], { NODE_EXTRA_CA_CERTS: authority })
  }

  it.each(['/s.yaml', '/moved'])('registers what has its digest: %s', async (path) => {
    const added = await add(path, digestOf(SCENARIO))
    expect([added.code, added.stderr]).toEqual([0, ''])
    expect(service.requests.map(({ call, body }) => [call, body])).toEqual([
      ['POST /v1/scenarios', { file: base + path, source: SCENARIO }],
    ])
  })

  it('registers a corpus, as JSON Lines by the end of its path', async () => {
    const argv = [
      'corpora',
      'add',
      `${base}/c.jsonl?v=2`,
      '--digest',
      digestOf('{"id":"r1"}\n').toUpperCase().replace('SHA', 'sha'),
      '--id',
      'c',
    ]
    expect(await hms([...argv, '--url', service.url], { NODE_EXTRA_CA_CERTS: authority })).toMatchObject({ code: 0 })
    expect(service.requests[0]!.body).toMatchObject({ id: 'c', format: 'jsonl', content: '{"id":"r1"}\n' })
  })

  it.each([
    ['with another digest', '/s.yaml', digestOf('other'), 5, 'HMS_DOCUMENT_DIGEST'],
    ['without a digest', '/s.yaml', undefined, 2, '--digest sha256:HEX'],
    ['over http', 'http://127.0.0.1:9/s.yaml', digestOf(SCENARIO), 2, 'is no https address'],
    ['with a user', 'https://me:secret@127.0.0.1:9/s.yaml', digestOf(SCENARIO), 2, 'names a user'],
    ['by another scheme', 'file:///etc/passwd', digestOf(SCENARIO), 2, 'is no https address'],
    ['that leads to http', '/down', digestOf(SCENARIO), 2, 'is no https address'],
    ['that leads on without end', '/around', digestOf(SCENARIO), 11, 'HMS_DOCUMENT_UNREACHABLE'],
    ['that is not there', '/none', digestOf(SCENARIO), 11, 'answers 404'],
    ['that is too large', '/large', digestOf(SCENARIO), 11, 'HMS_HTTP_ANSWER_OVERSIZED'],
  ])('registers nothing %s', async (_what, path, digest, code, words) => {
    const refused = await add(path, digest)
    expect([refused.code, refused.stderr]).toEqual([code, expect.stringContaining(words)])
    expect(refused.stderr).not.toContain('secret')
    expect(service.requests).toEqual([])
  })

  it('ends after --timeout where the server falls silent, and trusts no unknown authority', async () => {
    expect(await add('/silent', digestOf(SCENARIO), '--timeout', '1s')).toMatchObject({ code: 11 })
    const stranger = await hms(['scenarios', 'add', `${base}/s.yaml`, '--digest', digestOf(SCENARIO), '--url', service.url], {})
    expect([stranger.code, stranger.stderr]).toEqual([11, expect.stringContaining('certificate')])
    expect(service.requests).toEqual([])
  })

  it('checks the digest of a file where one is given', async () => {
    const file = 'apps/demo/assets/scenarios/pm25-violation.yaml'
    expect(await add(file, digestOf('other'))).toMatchObject({ code: 5 })
    expect(await add(file, digestOf(readFileSync(file, 'utf8')))).toMatchObject({ code: 0 })
  })
})
