import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { JsonObject, PrepareRequest, RolloutPlan, RunState } from '#libs/contracts'
import { approvalDigest, buildRelease } from '#libs/signing'
import { deployPolicy } from './deploy-policy.js'
import { KeyFolder } from './keys/key-folder.js'
import { rollbackPolicy } from './rollback-policy.js'
import { StreamServer } from './testing/stream-server.js'

let dir: string
let file: string
let server: StreamServer
let seen: Record<string, unknown>

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hms-client-'))
  file = join(dir, 'pm25.yaml')
  await writeFile(file, 'id: epa-pm25-limit\nversion: 2.0.0\neffective: 2024-09-01T00:00:00Z\nlimit: 25\n')
  await new KeyFolder(join(dir, 'keys'), 1_000).create('EPA Chief', 'secret')
  server = new StreamServer()
  seen = {}
  vi.stubEnv('HMS_URL', await server.start())
  vi.stubEnv('HMS_DATA_DIR', dir)
  vi.stubEnv('HMS_KEYS_DIR', '')
  vi.stubEnv('HMS_SIGNER', '')
  vi.stubEnv('HMS_KEY_PASSPHRASE', 'secret')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await server.stop()
  await rm(dir, { recursive: true })
})

/** Simulates the pipeline: prepares and accepts an approval, and ends its run in this state. */
function pressEndsIn(state: RunState): void {
  server.answer = async (request, response) => {
    const path = request.url ?? ''
    const body = await json(request)
    seen[path] = body
    if (path.endsWith('/events')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(`data: ${JSON.stringify({ run: 7, state, attempt: 1, policies: [], stages: [], createdAt: '', endedAt: null })}\n\n`)
    } else if (path.startsWith('/v1/roster')) response.writeHead(404).end('{}')
    else if (path.endsWith('/prepare')) response.end(JSON.stringify(prepare(body as unknown as PrepareRequest)))
    else response.end(JSON.stringify({ run: 7, state: 'QUEUED', digest: 'd', missing: [] }))
  }
}

function prepare({ policies, plan: options = {} }: PrepareRequest): unknown {
  const { ramp: _ramp, ...asked } = options
  const plan = { share: 500, scope: 'global', scopeName: 'everywhere', observeMs: 1, bakeMs: 1, partners: null, ...asked }
  const releases = policies.map((policy) => {
    const release = buildRelease({
      policy: policy as JsonObject & { id: string; version: string },
      releaseEpoch: 1,
      previous: null,
      fallbacks: [],
      scopes: ['global'],
      author: null,
      plan,
      preparedAt: '2024-09-01T00:00:00Z',
      expires: '2024-09-02T00:00:00Z',
    })
    const { id, version } = release.predicate.policy
    return { id, version, digest: release.digest, payload: Buffer.from(release.payload).toString('base64'), differences: [] }
  })
  return { digest: approvalDigest(releases.map(({ digest }) => ({ releaseDigest: digest }))), releases, plan }
}

async function json(request: IncomingMessage): Promise<JsonObject> {
  const body = await text(request)
  return body === '' ? {} : (JSON.parse(body) as JsonObject)
}

describe('deployPolicy', () => {
  it('resolves with the run that succeeded', async () => {
    pressEndsIn('SUCCEEDED')
    const states: RunState[] = []
    const onProgress = ({ state }: { state: RunState }): number => states.push(state)
    const run = await deployPolicy({ file, canary: 0.05, observe: '1s', partners: ['state-airboards'], onProgress })
    expect(run).toMatchObject({ run: 7, state: 'SUCCEEDED', verification: 'not-by-caller' })
    expect(states).toEqual(['SUCCEEDED'])
    expect(seen['/v1/approvals/prepare']).toMatchObject({ plan: { share: 500, observeMs: 1000, partners: ['state-airboards'] } })
  })

  it('rejects with the failed run, and does not wait with `wait: false`', async () => {
    pressEndsIn('FAILED')
    await expect(deployPolicy({ file })).rejects.toMatchObject({ code: 'HMS_RUN_FAILED', run: { run: 7, state: 'FAILED' } })
    expect(await deployPolicy({ file, wait: false })).toEqual({ run: 7, state: 'QUEUED', digest: 'd', missing: [] })
  })

  it('shows the plan in the bytes before they are signed, and signs nothing if the caller throws', async () => {
    pressEndsIn('SUCCEEDED')
    const refuse = async ({ plan, authors }: { plan: RolloutPlan; authors: string[] }): Promise<void> => {
      throw new Error(`baked for ${plan.bakeMs} ms, by ${authors.length} authors`)
    }
    await expect(deployPolicy({ file, beforeSigning: refuse })).rejects.toThrow('baked for 1 ms, by 0 authors')
    expect(Object.keys(seen)).toEqual(['/v1/approvals/prepare'])
    expect(await deployPolicy({ file, beforeSigning: () => {} })).toMatchObject({ state: 'SUCCEEDED' })
  })

  it('rejects a signer or passphrase problem before it sends anything', async () => {
    pressEndsIn('SUCCEEDED')
    await expect(deployPolicy({ file, sign: 'Unknown Person' })).rejects.toMatchObject({ code: 'HMS_KEY_NOT_FOUND', status: 403 })
    await expect(deployPolicy({ file, passphrase: 'wrong' })).rejects.toMatchObject({ code: 'HMS_KEY_PASSPHRASE', status: 403 })
    vi.stubEnv('HMS_KEY_PASSPHRASE', '')
    await expect(deployPolicy({ file })).rejects.toMatchObject({ code: 'HMS_KEY_PASSPHRASE_REQUIRED' })
    await new KeyFolder(join(dir, 'keys'), 1_000).create('Air Office', 'secret')
    await expect(deployPolicy({ file })).rejects.toMatchObject({ code: 'HMS_SIGNER_REQUIRED', status: 400 })
    await writeFile(join(dir, 'keys', 'passphrase'), 'secret\n', { mode: 0o600 })
    expect(await deployPolicy({ file })).toMatchObject({ state: 'SUCCEEDED' })
    await expect(deployPolicy({})).rejects.toMatchObject({ code: 'HMS_FILE_REQUIRED' })
  })
})

describe('rollbackPolicy', () => {
  it('reports which bots acknowledged and which did not', async () => {
    server.answer = async (request, response) => {
      const path = request.url ?? ''
      seen[path] = await json(request)
      if (path.startsWith('/v1/roster')) return void response.writeHead(404).end('{}')
      response.end(
        JSON.stringify(
          path.startsWith('/v1/coverage')
            ? { policy: 'epa-pm25-limit', revision: 9, total: 2, current: 1, lagging: [{ id: 'bot-2', revision: 8, since: '' }] }
            : { id: 'epa-pm25-limit', version: '1.5.0', from: '2.0.0', seq: 3, digest: 'd', revision: 9, stored: [] },
        ),
      )
    }
    const report = await rollbackPolicy('epa-pm25-limit@1.5.0', { reason: 'too strict' })
    const { seconds, ...rest } = report
    expect(seconds).toBeGreaterThanOrEqual(0)
    const reported = { id: 'epa-pm25-limit', version: '1.5.0', revision: 9, acknowledged: 1, silent: ['bot-2'] }
    expect(rest).toEqual({ ...reported, verification: 'not-by-caller' })
    expect(seen['/v1/rollbacks']).toEqual({ policy: 'epa-pm25-limit', version: '1.5.0', reason: 'too strict' })
    expect(Object.keys(seen)).toContain('/v1/coverage?policy=epa-pm25-limit&revision=9&waitMs=10000')
  })

  it('rejects with HMS_ROLLBACK_UNCONFIRMED when only the coverage request failed', async () => {
    server.answer = (request, response) => {
      if (request.method === 'POST') response.end('{"id":"a","version":"1.0.0","revision":9}')
      else request.socket.destroy()
    }
    await expect(rollbackPolicy('a@1.0.0')).rejects.toMatchObject({ code: 'HMS_ROLLBACK_UNCONFIRMED', status: 503 })
    await expect(rollbackPolicy('a')).rejects.toMatchObject({ code: 'HMS_REFERENCE_INVALID', status: 400 })
  })
})
