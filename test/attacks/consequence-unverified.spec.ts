import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  toBase64,
  type Envelope,
  type JsonObject,
  type PreparedApproval,
  type StreamFrame,
  type Trial,
  type TrialStatement,
} from '#libs/contracts'
import {
  approvalDigest,
  buildRelease,
  digestOfJson,
  hexOf,
  PREDICATE_TYPES,
  StableTree,
  statement,
  trialPolicies,
  type ReleasePredicate,
} from '#libs/signing'
import { sampleDocument, sampleFreshness } from '../../libs/client/src/testing/sample-document.js'
import { SAMPLE_ROSTER_BYTES, signedBy, type SampleSigner } from '../../libs/client/src/testing/sample-trust.js'
import { serveCanned, type Canned, type CannedService } from '../../apps/cli/src/testing/canned-service.js'
import { runForTest, type CliRun } from '../../apps/cli/src/testing/run-cli.js'

/** The signer's own clock judges the freshness statement. */
const NOW = Date.now()
const at = (ms: number): string => new Date(NOW + ms).toISOString()
const ID = 'epa-pm25-limit'
const policy = (version: string, limit: number) => ({ id: ID, version, effective: '2024-09-01T00:00:00Z', limit, units: 'ug_per_m3' })
const [LIVE, NEXT] = [policy('1.5.0', 35), policy('2.0.0', 25)]
const DOCUMENT = sampleDocument({ policy: LIVE, seq: 4, run: 184 })
const REPORT = digestOfJson('report')
const SENTENCE = '131 more readings of virginia-2023 (2023-01-01 to 2023-12-31) would have been violations: 118 → 249 (1.7 % of 7,703)'

let folder: string
let file: string
let roster: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-consequence-'))
  ;[file, roster] = [join(folder, 'pm25.json'), join(folder, 'roster.json')]
  await writeFile(file, JSON.stringify(NEXT))
  await writeFile(roster, SAMPLE_ROSTER_BYTES)
})
afterAll(() => rm(folder, { recursive: true }))

let service: CannedService | undefined
afterEach(async () => {
  await service?.close()
  service = undefined
})

interface Signed {
  policies?: JsonObject[]
  live?: JsonObject[]
  by?: SampleSigner
  scenarios?: Partial<TrialStatement['scenarios'][number]>[]
}

const COUNTS = { readings: 7703, before: 118, after: 249, newlyViolating: 131, newlyCompliant: 0, from: '2023-01-01', to: '2023-12-31' }

function signed({ policies = [NEXT], live = [LIVE], by = 'simulator', scenarios = [{}] }: Signed = {}): Envelope {
  const trial: TrialStatement = {
    policies: trialPolicies({ policies, live }),
    corpora: [{ corpus: 'virginia-2023', digest: digestOfJson('virginia') }],
    reportDigest: REPORT,
    scenarios: scenarios.map((each) => ({ scenario: 'pm25-violation', corpus: 'virginia-2023', ...COUNTS, ...each })),
    at: at(-1_000),
  }
  const subjects = trial.policies.map(({ policy: id, version, digest }) => ({
    name: `${id}@${version}`,
    digest: { sha256: hexOf(digest) },
  }))
  return signedBy(statement(PREDICATE_TYPES.trial, subjects, trial), by)
}

const trialOf = (statementOfTrial?: Envelope, more: Partial<Trial> = {}): Trial => ({
  verdict: 'PASS',
  detail: '1/1',
  next: [],
  score: null,
  skipped: [],
  reportDigest: REPORT,
  impact: null,
  ...(statementOfTrial === undefined ? {} : { statement: statementOfTrial }),
  ...more,
})

function preparedOf(): PreparedApproval {
  const plan = { share: 500, scope: 'region:NCR', scopeName: 'NCR', observeMs: 1_000, bakeMs: 1_000, partners: null }
  const place = {
    releaseEpoch: 20,
    previous: { version: '1.5.0', digest: DOCUMENT.digest! },
    fallbacks: [],
    scopes: ['global', 'region:NCR'],
  }
  const release = buildRelease({
    ...place,
    policy: NEXT as ReleasePredicate['policy'],
    author: null,
    plan,
    preparedAt: at(0),
    expires: at(1e9),
  })
  const { digest, payload } = release
  const shown = {
    id: ID,
    version: '2.0.0',
    policyDigest: digestOfJson(NEXT),
    digest,
    payload: toBase64(payload),
    live: '1.5.0',
    differences: [],
  }
  return {
    digest: approvalDigest([{ releaseDigest: digest }]),
    run: null,
    state: 'PREPARED',
    releases: [shown],
    plan,
    missing: ['official'],
    signedBy: [],
    authors: [],
    expiresAt: at(1e9),
  }
}

interface Service {
  trial?: Trial
  /** Policy that the service reports as in force. */
  live?: JsonObject | null
  env?: Record<string, string>
  flags?: string[]
  /** Response of simulator instead of a trial. */
  refused?: Canned
  /** Whether config-store does not respond. */
  isSilent?: boolean
}

async function run(
  verb: 'plan' | 'show',
  { trial = trialOf(signed()), live = LIVE, env = { HMS_ROSTER: roster }, flags = [], isSilent, refused }: Service = {},
): Promise<CliRun> {
  const heads = [{ policy: ID, seq: DOCUMENT.seq, current: DOCUMENT.digest }]
  const freshness = sampleFreshness(heads, at(-1_000), at(300_000))
  const frame = { type: 'snapshot', revision: 9, changes: [], documents: [DOCUMENT], freshness } as unknown as StreamFrame
  const approval = preparedOf()
  const path = `/v1/approvals/${encodeURIComponent(approval.digest)}`
  const summary = { ...approval, policies: [{ id: ID, version: '2.0.0', digest: approval.digest }], reasons: [], preparedAt: at(0) }
  const responses: Record<string, Canned> = {
    [`GET ${path}`]: { body: summary },
    [`GET ${path}/prepared`]: { body: approval },
    [`GET /v1/policies/${ID}`]:
      live === null ? { status: 404, body: { code: 'HMS_POLICY_NOT_FOUND', status: 404 } } : { body: { id: ID, value: live } },
    [`GET /v1/snapshot?revision=0&policies=${ID}`]: { body: { ...frame, standing: { [ID]: new StableTree(heads).proofOf(ID) } } },
    'GET /v1/roster?since=1': { body: [] },
    'POST /v1/lint': { body: { findings: [] } },
    'POST /v1/simulations': refused ?? { body: trial },
    'GET /v1/freezes': { body: [] },
    'GET /v1/runs?open=yes': { body: [] },
  }
  if (isSilent === true) delete responses[`GET /v1/snapshot?revision=0&policies=${ID}`]
  service = await serveCanned(responses)
  const argv = verb === 'plan' ? ['plan', file] : ['approvals', 'show', approval.digest]
  return runForTest([...argv, ...flags], { env: { HMS_URL: service.url, ...env }, now: () => NOW })
}

const openingOf = (stdout: string): string[] =>
  stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, 12)

describe.each(['plan', 'show'] as const)('the consequence in %s', (verb) => {
  it('follows the difference, in words and in JSON', async () => {
    const { stdout } = await run(verb)
    const lines = openingOf(stdout)
    expect(lines[lines.indexOf('  limit 35 → 25 µg/m³') + 1]).toBe(`  ${SENTENCE}`)
    await service!.close()
    expect(JSON.parse((await run(verb, { flags: ['--json'] })).stdout)).toMatchObject({
      consequence: [{ scenario: 'pm25-violation', sentence: SENTENCE, large: false }],
    })
  })

  it.each<[string, Trial, string]>([
    ['no statement', trialOf(), 'simulator signed no statement'],
    ['the key of another service', trialOf(signed({ by: 'rollout' })), 'HMS_SIGNATURE_UNKNOWN_KEY'],
    ['another value', trialOf(signed({ policies: [policy('2.0.0', 24)] })), 'it is about other policies'],
    ['another version in force', trialOf(signed({ live: [policy('1.4.0', 40)] })), 'another version in force'],
    [
      'bytes changed later',
      trialOf({ ...signed(), payload: signed({ scenarios: [{ newlyViolating: 0, after: 118 }] }).payload }),
      'HMS_SIGNATURE_INVALID',
    ],
    ['what is no envelope', trialOf({} as Envelope), 'HMS_SIGNATURE_MALFORMED'],
  ])('is not shown with %s', async (_what, trial, why) => {
    const { stdout } = await run(verb, { trial })
    expect(openingOf(stdout).find((line) => line.includes('consequence not verified: '))).toContain(why)
    expect(stdout).not.toContain('would have')
    await service!.close()
    const { consequence, consequenceNotVerified } = JSON.parse((await run(verb, { trial, flags: ['--json'] })).stdout) as Record<
      string,
      unknown
    >
    expect([consequence, consequenceNotVerified]).toEqual([undefined, expect.stringContaining(why)])
  })

  it('is red if it is not verified, and amber if it is large', async () => {
    const flags = ['--color', 'always']
    expect((await run(verb, { trial: trialOf(), flags })).stdout).toContain(
      '\u001b[31mconsequence not verified: simulator signed no statement\u001b[39m',
    )
    await service!.close()
    const trial = trialOf(signed({ scenarios: [{ after: 1118, newlyViolating: 1000 }] }))
    expect((await run(verb, { trial, flags })).stdout).toContain('\u001b[33m1,000 more readings of ')
  })

  it('names its scenario if there are several, large ones first', async () => {
    const others = Array.from({ length: 5 }, (_, index) => ({ scenario: `s${index}` }))
    const trial = trialOf(signed({ scenarios: [...others, { scenario: 'big', after: 1118, newlyViolating: 1000 }] }))
    const { stdout } = await run(verb, { trial })
    const from = stdout.split('\n').findIndex((line) => line.startsWith('  big: 1,000 more readings'))
    expect(stdout.split('\n').slice(from + 1, from + 5)).toEqual([
      ...['s0', 's1', 's2'].map((scenario) => `  ${scenario}: ${SENTENCE}`),
      '  and 2 more scenarios, with --json',
    ])
  })

  it('is absent if nothing was replayed', async () => {
    const trial = trialOf(undefined, { verdict: 'INCONCLUSIVE', detail: 'no bots registered', reportDigest: null })
    const { stdout } = await run(verb, { trial })
    expect(stdout).not.toContain('consequence')
    expect(stdout).not.toContain('would have')
  })
})

describe('the consequence', () => {
  it('of a first version says how many would be violations', async () => {
    const first = { before: 0, after: 249, newlyViolating: 249 }
    const { stdout } = await run('plan', { live: null, trial: trialOf(signed({ live: [], scenarios: [first] })) })
    expect(stdout).toContain('  249 readings of virginia-2023 (2023-01-01 to 2023-12-31) would have been violations (3.2 % of 7,703)\n')
  })

  it('is compared with the version in force that the terminal verified, whatever the service reports', async () => {
    const other = policy('1.4.0', 40)
    const { stdout } = await run('show', { live: other, trial: trialOf(signed({ live: [other] })) })
    expect(stdout).toContain('consequence not verified: ')
    expect(stdout).toContain('another version in force')
  })

  it('is not verified while the trial cannot start; difference and the rest of what is known are shown', async () => {
    const refused = { status: 503, body: { status: 503, code: 'HMS_PLACES_TAKEN', detail: 'Another trial runs', next: [] } }
    const { code, stdout } = await run('show', { refused })
    expect(code).toBe(0)
    for (const line of ['limit 35 → 25', 'consequence not verified: Another trial runs (HMS_PLACES_TAKEN)', 'Lint & Schema', 'Sign it: '])
      expect(stdout).toContain(line)
    await service!.close()
    expect(JSON.parse((await run('show', { refused, flags: ['--json'] })).stdout)).toMatchObject({
      consequenceNotVerified: 'Another trial runs (HMS_PLACES_TAKEN)',
      effect: { findings: [], simulation: null },
    })
    await service!.close()
    expect((await run('show', { refused: { status: 403, body: { status: 403, code: 'HMS_AUTH_SCOPE', detail: 'no' } } })).code).not.toBe(0)
  })

  it('is not shown if the version in force is not verified', async () => {
    const { stdout } = await run('show', { trial: trialOf(signed({ live: [] })), isSilent: true })
    expect(stdout).toContain('DIFFERENCE NOT VERIFIED')
    expect(stdout).toMatch(/consequence not verified: .*HMS_/)
    expect(stdout).not.toContain('would have')
  })
})
