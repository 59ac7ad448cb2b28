import type { AuditProof, ConfigDocument, RunView, StageAttestation } from '#libs/contracts'
import {
  ApprovalTree,
  buildRelease,
  CANARY_PASSED,
  cosign,
  demoRoster,
  formatCheckpoint,
  formatTlogProof,
  generateKeyPair,
  HashTree,
  leafHash,
  localSigner,
  readRoster,
  signEnvelope,
  signHead,
  signNote,
  signRoster,
  signTestResult,
  signVerificationResult,
  type ReleasePredicate,
  type Roster,
  type RosterKey,
  type Signer,
} from '#libs/signing'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkLive, checkRuns } from './check-published.js'
import { Problems } from '../output/problems.js'
import type { LogContent } from './recompute-log.js'

const [chief, counsel, log, witness, operator] = Array.from({ length: 5 }, () => generateKeyPair())
const services = new Map(['rollout', 'linter', 'simulator', 'canary-controller'].map((name) => [name, generateKeyPair()]))
const DIGEST = `sha256:${'1'.repeat(64)}`

function problemsOf(problems: Problems): string[] {
  try {
    problems.raise()
    return []
  } catch (error) {
    return (error as { errors: { detail: string }[] }).errors.map(({ detail }) => detail)
  }
}

describe('published runs', () => {
  const run = (number: number, state: RunView['state'], version = '1.0.0'): RunView =>
    ({ run: number, state, policies: [{ id: 'ozone', version, digest: DIGEST }] }) as unknown as RunView
  const logged = (approved: [number, string][], promoted: number[] = []): LogContent => ({
    approved: new Map(approved.map(([number, version]) => [number, [{ id: 'ozone', version, digest: DIGEST }]])),
    promoted: new Set(promoted),
  })

  it.each<[string, RunView[], LogContent, number, string[]]>([
    [
      'are covered by approvals that name what they published',
      [run(1, 'SUCCEEDED'), run(2, 'FAILED', '2.0.0')],
      logged([[1, '1.0.0']]),
      1,
      [],
    ],
    [
      'are not when the log has no approval of one',
      [run(1, 'SUCCEEDED'), run(2, 'BAKING')],
      logged([[1, '1.0.0']]),
      2,
      ['run #2 was published, but its approval is not in the log'],
    ],
    [
      'are not when the approval names another version',
      [run(1, 'NOTIFYING', '1.0.1')],
      logged([[1, '1.0.0']]),
      1,
      ['run #1 published ozone@1.0.1, but its approval in the log does not name it'],
    ],
    [
      'are not when no service lists a run that the log knows as published',
      [],
      logged([[1, '1.0.0']], [1, 7]),
      2,
      ['run #7 was published, but its approval is not in the log'],
    ],
  ])('%s', (_what, runs, log_, count, expected) => {
    const problems = new Problems()
    expect(checkRuns(runs, log_, problems)).toBe(count)
    expect(problemsOf(problems)).toEqual(expected)
  })
})

describe('releases in force', () => {
  let fixture: Awaited<ReturnType<typeof createFixture>>
  beforeAll(async () => {
    fixture = await createFixture()
  })
  type More = { approved?: LogContent['approved']; proof?: AuditProof | undefined; attestations?: StageAttestation[]; roster?: Roster }
  const check = async (change: Partial<ConfigDocument> = {}, more: More = {}): Promise<string[]> => {
    const problems = new Problems()
    const { document, approved } = fixture
    const roster = more.roster ?? fixture.roster
    const proof = 'proof' in more ? more.proof : fixture.proof
    const sources = { roster, proofOf: async () => proof, attestationsOf: async () => more.attestations ?? fixture.attestations }
    await checkLive([{ ...document, ...change }], { approved: more.approved ?? approved, promoted: new Set() }, sources, problems)
    return problemsOf(problems)
  }

  it('are accepted if people approved them, the log proves the approval, and all stages attest a pass', async () => {
    expect(await check()).toEqual([])
  })

  it('are reported without an approval in the log, without its proof, or with the proof of another entry', async () => {
    expect(await check({}, { approved: new Map() })).toEqual([expect.stringContaining('its approval is not in the log')])
    expect(await check({}, { proof: undefined })).toEqual([expect.stringContaining('the log has no proof')])
    expect(await check({}, { proof: fixture.otherProof })).toEqual([expect.stringContaining('not the approval of this release')])
    expect(await check({}, { proof: fixture.otherKind })).toEqual([expect.stringContaining('not the approval of this release')])
    expect(await check({}, { proof: { ...fixture.proof, entry: fixture.otherProof.entry } })).toEqual([
      expect.stringContaining('does not contain this entry'),
    ])
    expect(
      await check({}, { proof: { ...fixture.proof, proof: fixture.proof.proof.replace('hms-svc.dev/witness', 'example.org/other') } }),
    ).toEqual([expect.stringContaining('0 witnesses')])
    expect(await check({ proof: null })).toEqual([expect.stringContaining('not in the witnessed log')])
  })

  it('are reported if a reader would refuse them: too few signatures, a head not signed by rollout, another release served', async () => {
    expect(await check({ release: { ...fixture.document.release!, signatures: [] } })).toEqual([expect.any(String)])
    expect(await check({ release: fixture.oneSigned })).toEqual([expect.stringContaining('lacks approval by critical')])
    expect(await check({ head: fixture.forgedHead })).toEqual([expect.stringContaining('only rollout may sign')])
    expect(await check({ version: '9.9.9' })).toEqual([expect.stringContaining('and its release is version 1.0.0')])
    expect(await check({ id: 'ozone' })).toEqual([expect.stringContaining('its head is of lead')])
    expect(await check({ release: null })).toEqual([expect.stringContaining('does not contain it')])
  })

  it('are reported if no single attempt has valid attestations of all stages', async () => {
    const [lint, simulate, canary] = fixture.attestations as [StageAttestation, StageAttestation, StageAttestation]
    expect(await check({}, { attestations: [] })).toEqual([expect.stringContaining('no stage signed a result')])
    expect(await check({}, { attestations: [lint, canary] })).toEqual([expect.stringContaining('simulator does not say')])
    expect(await check({}, { attestations: [lint, { ...simulate, envelope: lint.envelope }, canary] })).toEqual([
      expect.stringContaining('does not verify'),
    ])
    expect(await check({}, { attestations: [lint, simulate, { ...canary, attempt: 2 }] })).toEqual([expect.any(String)])
    expect(await check({}, { attestations: [{ ...lint, attempt: 2 }, lint, simulate, canary] })).toEqual([])
  })

  it('are accepted if a stage attested with a newer key than the approval, and not with one that expired before it', async () => {
    const [, ...later] = fixture.attestations
    const witnessed = 1_800_000_000_000
    const renewed = generateKeyPair()
    const attested = await fixture.attestationOfLinter(localSigner(renewed.privateKey))
    const checkWith = async (valid: Pick<RosterKey, 'notBefore' | 'notAfter'>): Promise<string[]> => {
      const roster = await fixture.rosterWith('linter', { keyid: renewed.keyid, spki: renewed.spki, ...valid })
      return check({}, { roster, attestations: [attested, ...later] })
    }
    expect(await checkWith({ notBefore: new Date(witnessed + 60_000).toISOString() })).toEqual([])
    expect(await checkWith({ notAfter: new Date(witnessed + 1_000).toISOString() })).toEqual([])
    expect(await checkWith({ notAfter: new Date(witnessed).toISOString() })).toEqual([expect.stringContaining('linter')])
  })

  it('are reported by their own version if they are held', async () => {
    const [stableDocument, held] = [fixture.withHeld, 'lead@2.0.0 is held in global']
    const proofs = new Map([...fixture.proofs, [fixture.heldDigest, fixture.heldProof]])
    const checkHeld = async (approved: LogContent['approved'], proofOf = proofs): Promise<string[]> => {
      const problems = new Problems()
      const attestationsOf = async (run: number): Promise<StageAttestation[]> => (run === 1 ? fixture.attestations : [])
      const sources = { roster: fixture.roster, proofOf: async (digest: string) => proofOf.get(digest), attestationsOf }
      await checkLive([stableDocument], { approved, promoted: new Set() }, sources, problems)
      return problemsOf(problems)
    }
    const approved = new Map([...fixture.approved, [4, [{ id: 'lead', version: '2.0.0', digest: fixture.heldDigest }]] as const])
    expect(await checkHeld(fixture.approved)).toEqual([`${held}, but its approval is not in the log`])
    expect(await checkHeld(approved, fixture.proofs)).toEqual([`${held}, but the log has no proof of its approval`])
    expect(await checkHeld(approved)).toEqual([`${held}, but no attempt of run #4 passed its stages: no stage signed a result`])
  })

  it('of a signed rollback are accepted if the release that they reinstate was approved and passed the stages', async () => {
    const { broughtBack, roster, attestations, backDigest } = fixture
    const lead = { id: 'lead', version: '1.0.0' }
    const approved = new Map([...fixture.approved, [3, [{ ...lead, digest: backDigest }]] as const])
    const checkBack = async (ofRunOne: StageAttestation[], log_: LogContent['approved'], proofs = fixture.proofs): Promise<string[]> => {
      const problems = new Problems()
      const attestationsOf = async (run: number): Promise<StageAttestation[]> => (run === 1 ? ofRunOne : [])
      const sources = { roster, proofOf: async (digest: string) => proofs.get(digest), attestationsOf }
      await checkLive([broughtBack], { approved: log_, promoted: new Set() }, sources, problems)
      return problemsOf(problems)
    }
    expect(await checkBack(attestations, approved)).toEqual([])
    expect(await checkBack([], approved)).toEqual([expect.stringContaining('no stage signed a result')])
    const unknown = [expect.stringContaining('its original approval is not in the log')]
    expect(await checkBack(attestations, new Map([...approved].filter(([run]) => run === 3)))).toEqual(unknown)
    expect(await checkBack(attestations, approved, new Map([...fixture.proofs].filter(([digest]) => digest === backDigest)))).toEqual(
      unknown,
    )
  })

  it('are reported one by one', async () => {
    const problems = new Problems()
    const { document, roster, approved, proof, attestations } = fixture
    const wrong = [{ ...document, version: '2.0.0' }, document, { ...document, scope: 'region:NCR', release: fixture.oneSigned }]
    const sources = { roster, proofOf: async () => proof, attestationsOf: async () => attestations }
    expect(await checkLive(wrong, { approved, promoted: new Set() }, sources, problems)).toEqual({ releases: 3, breakGlass: [] })
    expect(problemsOf(problems)).toHaveLength(2)
  })
})

/** Creates a release that needs two people, in a log with its approval, another one, and an entry of another kind. */
async function createFixture() {
  const members = [
    { name: 'EPA Chief', spki: chief!.spki },
    { name: 'EPA Counsel', spki: counsel!.spki },
  ]
  const predicate = demoRoster({
    people: members,
    services: [...services].map(([name, { spki }]) => ({ name, spki })),
    operator: operator!,
    log: { spki: log!.spki, witness: witness!.spki },
    expires: '2036-01-01T00:00:00Z',
  })
  const signers = [chief!, counsel!].map(({ privateKey }) => localSigner(privateKey))
  const roster = readRoster(await signRoster(predicate, signers))
  const policy = { id: 'lead', version: '1.0.0', effective: '2024-09-01T00:00:00Z', limit: 15, tags: ['critical'] }
  const plan = { share: 500, scope: 'NCR', scopeName: 'NCR', observeMs: 0, bakeMs: 0, partners: null }
  const release = {
    policy,
    releaseEpoch: 1,
    previous: null,
    fallbacks: [],
    scopes: ['global'],
    author: null,
    plan,
    preparedAt: '2026-02-01T00:00:00Z',
    expires: '2026-02-08T00:00:00Z',
  } as unknown as ReleasePredicate
  const { payload, digest } = buildRelease(release)
  const rollback = { target: { version: '1.0.0', digest }, reason: 'drill', replaces: null }
  const back = buildRelease({ ...release, releaseEpoch: 3, rollback })
  const effective = '2036-06-01T00:00:00Z'
  const held = buildRelease({ ...release, policy: { ...policy, version: '2.0.0', effective }, releaseEpoch: 2 })
  const [lead, ozone] = [
    { id: 'lead', version: '1.0.0', digest },
    { id: 'ozone', version: '1.0.0', digest: DIGEST },
  ]
  const entries = [
    { type: 'hms.approval.approved.v1', run: 1, releases: new ApprovalTree([lead]).root },
    { type: 'hms.approval.approved.v1', run: 2, releases: new ApprovalTree([ozone]).root },
    { type: 'hms.lint.passed.v1', run: 1, releases: new ApprovalTree([lead]).root },
    { type: 'hms.approval.approved.v1', run: 3, releases: new ApprovalTree([{ ...lead, digest: back.digest }]).root },
    { type: 'hms.approval.approved.v1', run: 4, releases: new ApprovalTree([{ ...lead, version: '2.0.0', digest: held.digest }]).root },
  ].map((each) => JSON.stringify(each))
  const tree = new HashTree()
  for (const entry of entries) tree.append(leafHash(Buffer.from(entry)))
  const { log: logKey, witnesses } = roster.logPolicy!
  const body = formatCheckpoint({ origin: logKey.name, size: entries.length, root: tree.root() })
  const note =
    (await signNote(body, logKey, localSigner(log!.privateKey))) +
    (await cosign(body, 1_800_000_000, witnesses[0]!, localSigner(witness!.privateKey)))
  const proofAt = (index: number): AuditProof => ({
    digest,
    policy: 'lead',
    version: '1.0.0',
    entry: entries[index]!,
    proof: formatTlogProof({ index, path: tree.inclusion(index), checkpoint: note }),
    member: { index: 0, path: [] },
  })
  const of = (service: string): Signer => localSigner(services.get(service)!.privateKey)
  const head = { policy: 'lead', scope: 'global', seq: 1, current: digest, issuedAt: '2026-02-01T00:00:00Z' }
  const about = { run: 1, attempt: 1, releases: [{ id: 'lead', version: '1.0.0', releaseDigest: digest }] }
  const passed = { result: 'PASSED' as const, configuration: [], passedTests: ['lead@1.0.0'], warnedTests: [], failedTests: [] }
  const verdict = {
    verifier: { id: 'https://hms-svc.dev/verifier/canary/v1', policies: [] },
    timeCreated: '2026-02-01T00:00:00Z',
    properties: [CANARY_PASSED],
  }
  const logged = (service: string, type: string, envelope: StageAttestation['envelope']): StageAttestation => ({
    run: 1,
    attempt: 1,
    source: `/hms-svc/${service}`,
    type,
    envelope,
  })
  const attestationOfLinter = async (signer: Signer): Promise<StageAttestation> =>
    logged('linter', 'hms.lint.passed.v1', await signTestResult(passed, about, signer))
  const next = { release: held.digest, at: effective }
  const document = {
    id: 'lead',
    version: '1.0.0',
    scope: 'global',
    head: await signHead(head, of('rollout')),
    release: await signEnvelope(payload, signers),
    proof: proofAt(0),
  } as unknown as ConfigDocument
  return {
    roster,
    /** Returns the roster with one more key of a service. */
    async rosterWith(service: string, key: RosterKey): Promise<Roster> {
      const copy = structuredClone(predicate)
      copy.principals[service]!.keys.push(key)
      return readRoster(await signRoster(copy, signers))
    },
    attestationOfLinter,
    attestations: [
      await attestationOfLinter(of('linter')),
      logged('simulator', 'hms.simulation.passed.v1', await signTestResult(passed, about, of('simulator'))),
      logged('canary-controller', 'hms.canary.passed.v1', await signVerificationResult(verdict, about, of('canary-controller'))),
    ],
    forgedHead: await signHead(head, of('canary-controller')),
    approved: new Map([[1, [{ id: 'lead', version: '1.0.0', digest }]]]),
    document,
    /** The document with version 2.0.0 as its next release. */
    withHeld: {
      ...document,
      head: await signHead({ ...head, next }, of('rollout')),
      next: { release: await signEnvelope(held.payload, signers), proof: proofAt(4) },
    } as unknown as ConfigDocument,
    heldDigest: held.digest,
    heldProof: proofAt(4),
    oneSigned: await signEnvelope(payload, signers.slice(0, 1)),
    proof: proofAt(0),
    otherProof: proofAt(1),
    otherKind: proofAt(2),
    broughtBack: {
      id: 'lead',
      version: '1.0.0',
      scope: 'global',
      head: await signHead({ ...head, seq: 2, current: back.digest }, of('rollout')),
      release: await signEnvelope(back.payload, signers),
      proof: proofAt(3),
    } as unknown as ConfigDocument,
    proofs: new Map([
      [digest, proofAt(0)],
      [back.digest, proofAt(3)],
    ]),
    backDigest: back.digest,
  }
}
