import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type JsonObject, parseDuration, type PlanOptions, type PreparedApproval, type RunState, type RunView } from '#libs/contracts'
import {
  buildRelease,
  bundleOf,
  checkSignatures,
  digestOf,
  digestOfJson,
  generateKeyPair,
  localSigner,
  STATEMENT_TYPE,
  type BundleRef,
  type RollbackOrder,
} from '#libs/signing'
import { ApiClient } from '../api/api-client.js'
import { StreamServer } from '../testing/stream-server.js'
import { followRun, RunError } from './follow-run.js'
import { planOptions } from './plan-options.js'
import { prepareApproval } from './prepare-approval.js'
import { readPolicies } from './read-policies.js'
import { signApproval } from './submit-approval.js'

const policy = { id: 'epa-pm25-limit', version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 25 }
const rollback = { target: { version: '2.0.0', digest: `sha256:${'1'.repeat(64)}` }, reason: 'drill', replaces: null }
const plan = { share: 500, scope: 'region:NCR', scopeName: 'National Capital Region', observeMs: 1000, bakeMs: 1000, partners: null }

function prepared(
  of: JsonObject & { id: string; version: string } = policy,
  more: { breakGlass?: { reason: string }; rollback?: RollbackOrder; bundle?: BundleRef } = {},
): PreparedApproval {
  const { payload, digest, policyDigest } = buildRelease({
    policy: of,
    releaseEpoch: 1,
    previous: null,
    fallbacks: [],
    scopes: ['global'],
    author: null,
    plan,
    preparedAt: '2024-09-01T00:00:00Z',
    expires: '2024-09-02T00:00:00Z',
    ...more,
  })
  const bytes = Buffer.from(payload).toString('base64')
  const release = { id: of.id, version: of.version, policyDigest, digest, payload: bytes, live: null, differences: [] }
  return {
    digest,
    run: null,
    state: 'PREPARED',
    releases: [release],
    plan,
    missing: [],
    signedBy: [],
    authors: [],
    expiresAt: '2024-09-02T00:00:00Z',
  }
}

/** Returns an approval with modified bytes and the digests of those bytes. */
function rewritten(change: (statement: string) => string): PreparedApproval {
  const approval = prepared()
  const bytes = Buffer.from(change(Buffer.from(approval.releases[0]!.payload, 'base64').toString()))
  const digest = digestOf(bytes)
  return { ...approval, digest, releases: [{ ...approval.releases[0]!, payload: bytes.toString('base64'), digest }] }
}

/** Returns a statement of another type whose predicate also names the policy and the plan. */
function disguised(kind: string): PreparedApproval {
  return rewritten((text) => text.replace('/release/v1', `/${kind}/v1`))
}

function view(state: RunState, over: Partial<RunView> = {}): RunView {
  return {
    run: 7,
    digest: '',
    decisions: [],
    state,
    attempt: 1,
    policies: [],
    stages: [],
    createdAt: '2024-09-01T00:00:00Z',
    endedAt: null,
    ...over,
  }
}

let server: StreamServer
let api: ApiClient
beforeEach(async () => {
  server = new StreamServer()
  api = new ApiClient({ url: await server.start() })
})
afterEach(() => server.stop())

describe('parseDuration', () => {
  it.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['250ms', 250],
    ['1h', 3_600_000],
    ['1.5s', 1_500],
    ['0s', 0],
    [40, 40],
  ])('parses %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each(['', '5', '5 minutes', '-1s', '1e3s', '1m30s', -1, Number.NaN])('refuses %s', (text) => {
    expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'HMS_DURATION_INVALID', status: 400 }) as Error)
  })
})

describe('planOptions', () => {
  it('converts shares and durations, and omits options that were not given', () => {
    expect(planOptions({ canary: 0.05, observe: '1s' })).toEqual({ share: 500, observeMs: 1000 })
    expect(planOptions({ canary: '5%' }).share).toBe(500)
    expect(planOptions({ canary: 1 }).share).toBe(10_000)
    expect(() => planOptions({ canary: 5 })).toThrow(expect.objectContaining({ code: 'HMS_SHARE_INVALID', status: 400 }) as Error)
  })

  it('accepts metrics as NAME=QUERY, and refuses queries that cannot tell failure from missing data', () => {
    expect(planOptions({ metrics: ['errors=sum(rate(errors{code="500"}[1m])) < bool 0.05'] }).metrics).toEqual([
      { name: 'errors', query: 'sum(rate(errors{code="500"}[1m])) < bool 0.05' },
    ])
    const refused = expect.objectContaining({ code: 'HMS_METRIC_INVALID', status: 400 }) as Error
    const twice = ['a=b < bool 1', 'a=c < bool 1']
    const long = `a=${'b'.repeat(1_000)} < bool 1`
    const many = Array.from({ length: 11 }, (_, index) => `m${index}=b < bool 1`)
    for (const metrics of [
      ['errors < bool 1'],
      ['errors=errors < 1'],
      ['=b < bool 1'],
      ['A=b < bool 1'],
      ['a=b\0 < bool 1'],
      twice,
      [long],
      many,
    ])
      expect(() => planOptions({ metrics })).toThrow(refused)
  })
})

describe('readPolicies', () => {
  let dir: string
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hms-client-'))
  })
  afterEach(() => rm(dir, { recursive: true }))

  it('reads valid files, and reports position and rule of each finding', async () => {
    const [good, bad] = [join(dir, 'good.yaml'), join(dir, 'bad.yaml')]
    await writeFile(good, 'id: epa-pm25-limit\nversion: 2.0.0\neffective: 2024-09-01T00:00:00Z\nlimit: 25\n')
    await writeFile(bad, 'id: broken\nversion: [\n')
    expect(await readPolicies([good])).toEqual([policy])
    await expect(readPolicies([good, bad])).rejects.toMatchObject({
      code: 'HMS_LINT_FAILED',
      status: 422,
      detail: expect.stringMatching(/bad\.yaml:\d+:\d+ /) as string,
    })
    await expect(readPolicies([join(dir, 'none.yaml')])).rejects.toMatchObject({ code: 'HMS_FILE_UNREADABLE', status: 400 })
    await writeFile(bad, 'x'.repeat(256 * 1024 + 1))
    await expect(readPolicies([bad])).rejects.toMatchObject({ code: 'HMS_FILE_TOO_LARGE', status: 400 })
  })
})

describe('an approval', () => {
  const renamed = prepared().releases.map((release) => ({ ...release, digest: digestOfJson(1) }))
  const answer = (body: unknown): void => {
    server.answer = (_request, response) => response.end(JSON.stringify(body))
  }

  it('is signed over the prepared bytes', async () => {
    answer(prepared())
    const { privateKey, publicKey, keyid } = generateKeyPair()
    const approval = await prepareApproval(api, [policy], { share: 500 })
    const [signature] = await signApproval(approval, localSigner(privateKey))
    const [release] = approval.releases
    const envelope = { payload: release?.payload, payloadType: STATEMENT_TYPE, signatures: [{ keyid, sig: signature?.sig }] }
    expect(checkSignatures(envelope, new Map([[keyid, publicKey]])).keyids).toEqual([keyid])
    expect(signature?.release).toBe(release?.digest)
  })

  it.each([
    ['another policy', prepared({ ...policy, limit: 99 }), {}],
    ['another plan', prepared(), { share: 1 }],
    ['break-glass', prepared(policy, { breakGlass: { reason: 'quick' } }), {}],
    ['bytes of another digest', { ...prepared(), releases: renamed }, {}],
    ...['roster', 'request', 'decision', 'freeze', 'event'].map(
      (kind) => [`a ${kind} that names the policy too`, disguised(kind), {}] as [string, PreparedApproval, PlanOptions],
    ),
    ['a release of a contradicting subject', rewritten((text) => text.replace('"name":"epa-', '"name":"ozone-')), {}],
    ['a rollback', prepared(policy, { rollback }), {}],
    ['no release', { ...prepared(), releases: [] }, {}],
    ['another digest for all than the releases have', { ...prepared(), digest: `sha256:${'0'.repeat(64)}` }, {}],
    ['bytes of another policy than it names', { ...prepared(), releases: [{ ...prepared().releases[0]!, version: '1.0.0' }] }, {}],
    ['another scope', prepared(), { scope: 'region:VA' }],
    ['other partners', prepared(), { partners: ['state-airboard'] }],
    ['other fallbacks', prepared(), { fallbacks: ['epa-pm25-limit@1.0.0'] }],
    ['a part of a bundle', prepared(policy, { bundle: bundleOf([digestOfJson(policy), digestOfJson({})]) }), {}],
  ])('is not signed when the service prepared %s', async (_what, body, requested) => {
    answer(body)
    await expect(prepareApproval(api, [policy], requested)).rejects.toMatchObject({ code: 'HMS_APPROVAL_MISMATCH' })
  })

  it('is read from its bytes, not from the other members of the response', async () => {
    const approval = prepared()
    const differences = [{ field: 'limit', from: 24, to: 25, text: 'limit 24 → 25' }]
    const served = {
      ...approval,
      releases: [{ ...approval.releases[0]!, differences }],
      plan: { ...plan, share: 1 },
      authors: ['EPA Chief'],
    }
    answer({ ...served, breakGlass: { reason: 'none' } })
    const shown = await prepareApproval(api, [policy], {})
    expect(shown.releases[0]!.differences).toEqual([])
    expect(shown).toMatchObject({ plan, authors: [] })
    expect(shown).not.toHaveProperty('breakGlass')
  })

  it('is not signed without an author if one was given', async () => {
    answer(prepared())
    await expect(prepareApproval(api, [policy], {}, { author: 'Analyst' })).rejects.toMatchObject({ code: 'HMS_APPROVAL_MISMATCH' })
  })
})

describe('followRun', () => {
  function streams(...scripts: RunView[][]): void {
    server.answer = (request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const views = scripts.shift() ?? []
      const text = views.map((each) => `data: ${JSON.stringify(each)}\n\n`).join('')
      response.write(`: hello\n\n${text}`, () => scripts.length > 0 && request.socket.destroy())
    }
  }

  it('continues after a dropped connection, reports each view once, and ends with the run', async () => {
    streams([view('LINTING'), view('CANARY')], [view('CANARY'), view('SUCCEEDED')])
    const seen: RunState[] = []
    expect(await followRun(api, 7, { onView: ({ state }) => seen.push(state) })).toEqual(view('SUCCEEDED'))
    expect(seen).toEqual(['LINTING', 'CANARY', 'SUCCEEDED'])
  })

  it('returns a paused run, and the last view at the timeout', async () => {
    streams([view('PAUSED')])
    expect((await followRun(api, 7)).state).toBe('PAUSED')
    streams([view('CANARY')])
    expect((await followRun(api, 7, { timeoutMs: 100 })).state).toBe('CANARY')
  })

  it('rejects on abort, for an unknown run, and for an unreachable server', async () => {
    streams([view('CANARY')])
    const stop = new AbortController()
    await expect(followRun(api, 7, { signal: stop.signal, onView: () => stop.abort() })).rejects.toThrow('aborted')
    server.answer = (_request, response) => {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"code":"HMS_RUN_NOT_FOUND"}')
    }
    await expect(followRun(api, 8)).rejects.toMatchObject({ code: 'HMS_RUN_NOT_FOUND' })
    await server.stop()
    await expect(followRun(api, 7)).rejects.toMatchObject({ code: 'HMS_UNREACHABLE' })
  })
})

describe('RunError', () => {
  it('names run, stage and reason', () => {
    const failed = view('FAILED', {
      reason: 'UNEXPLAINED_ALERTS',
      stages: [{ stage: 'canary', verdict: 'FAIL', detail: '3 unexplained alerts', startedAt: null, endedAt: null }],
    })
    expect(new RunError(failed)).toMatchObject({
      code: 'HMS_RUN_FAILED',
      status: 422,
      run: failed,
      next: ['hms-svc runs show 7'],
      detail: 'run #7 ended FAILED in stage canary: UNEXPLAINED_ALERTS: 3 unexplained alerts',
    })
    expect(new RunError(view('PAUSED')).status).toBe(409)
    expect(new RunError(view('BAKING')).status).toBe(504)
  })
})
