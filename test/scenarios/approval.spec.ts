import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rejectApproval, signApproval } from '#libs/client'
import { type ApprovalSummary, type AuditEntry, peekPredicate, type PreparedApproval, toBase64 } from '#libs/contracts'
import { buildRelease, generateKeyPair, localSigner, signDecision, STATEMENT_TYPE, type ReleasePredicate } from '#libs/signing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }

describe('an approval', () => {
  let system: MemorySystem
  let press: PipelineDriver

  beforeAll(async () => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
  })

  afterAll(() => system.stop())

  it('of a critical policy waits for a second person, and counts no person twice', async () => {
    const run = await press.approve(['lead-limit@1.0.0=15'], AT_ONCE, { tags: ['critical'] })
    expect(await press.approve(['lead-limit@1.0.0=15'], {}, { tags: ['critical'] })).toBe(run)
    await system.settle()
    expect(await press.show(run)).toMatchObject({ state: 'AWAITING_APPROVAL' })
    const [waiting] = await press.api.get<ApprovalSummary[]>('/v1/approvals')
    expect(waiting).toMatchObject({ run, signedBy: ['EPA Chief'] })
    await expect(press.limit('lead-limit')).rejects.toMatchObject({ code: 'HMS_POLICY_NOT_FOUND', status: 404 })
    expect(await press.approve(['lead-limit@1.0.0=15'], {}, { tags: ['critical'], signer: 'EPA Counsel' })).toBe(run)
    await press.whenState(run, 'SUCCEEDED')
    expect(await press.limit('lead-limit')).toBe(15)
  })

  it('of a policy that dropped a tag still requires the tag’s signers, also after a rollback to a version without it', async () => {
    const approve = (version: string, tags: string[], signer = 'EPA Chief'): Promise<number> =>
      press.approve([`argon-limit@${version}=9`], AT_ONCE, { tags, signer })
    await press.whenState(await approve('1.0.0', ['air']), 'SUCCEEDED')
    for (const [version, tags] of [
      ['1.1.0', ['air', 'critical']],
      ['1.1.1', ['air']],
      ['1.1.2', []],
    ] as const) {
      const run = await approve(version, [...tags])
      expect(await press.waiting(run)).toMatchObject({ missing: ['critical'] })
      expect(await approve(version, [...tags], 'EPA Counsel')).toBe(run)
      await press.whenState(run, 'SUCCEEDED')
    }
    await press.api.post('/v1/rollbacks', { policy: 'argon-limit', version: '1.0.0' })
    await system.settle()
    expect(await press.waiting(await approve('1.1.3', ['air']))).toMatchObject({ missing: ['critical'] })
  })

  it('is over the plan too: the last signer cannot slip in another', async () => {
    await press.approve(['zinc-limit@1.0.0=15'], AT_ONCE, { tags: ['critical'] })
    const other = press.approve(['zinc-limit@1.0.0=15'], { observeMs: 5_000 }, { tags: ['critical'], signer: 'EPA Counsel' })
    await expect(other).rejects.toMatchObject({ code: 'HMS_APPROVER_PLAN_DIFFERS', status: 409 })
  })

  it('is over the prepared bytes: a signature over another plan is none', async () => {
    const { digest } = await press.waiting(await press.approve(['boron-limit@1.0.0=15'], AT_ONCE, { tags: ['critical'] }))
    const document = { id: 'boron-limit', version: '1.0.0', effective: '2024-09-01T00:00:00Z', limit: 15, tags: ['critical'] }
    const prepared = await press.api.post<PreparedApproval>('/v1/approvals/prepare', { policies: [document] })
    const predicate = peekPredicate<ReleasePredicate>({
      payload: prepared.releases[0]!.payload,
      payloadType: STATEMENT_TYPE,
      signatures: [],
    })
    expect(prepared.digest).toBe(digest)
    const { payload } = buildRelease({ ...predicate, plan: { ...predicate.plan, share: 10_000 } })
    const [signature] = await signApproval(
      { releases: [{ ...prepared.releases[0]!, payload: toBase64(payload) }] },
      system.signers.get('EPA Counsel')!,
    )
    const sent = press.api.post('/v1/approvals', { digest, signatures: [signature] })
    await expect(sent).rejects.toMatchObject({ code: 'HMS_APPROVER_SIGNATURE_INVALID', status: 403 })
  })

  it('is refused for what was never prepared, for a stranger, and for a version that means something else', async () => {
    const nothing = `sha256:${'0'.repeat(64)}`
    const sign = (keyid: string): Promise<unknown> =>
      press.api.post('/v1/approvals', { digest: nothing, signatures: [{ release: nothing, keyid, sig: 's' }] })
    const official = system.signers.get('EPA Chief')!.keyid
    // The response to a signature that does not count must not depend on what was prepared.
    await expect(sign(official)).rejects.toMatchObject({ code: 'HMS_APPROVER_SIGNATURE_INVALID', status: 403 })
    await expect(sign('k')).rejects.toMatchObject({ code: 'HMS_APPROVER_SIGNER_UNKNOWN', status: 403 })
    const run = await press.approve(['radon-limit@1.0.0=4'], AT_ONCE)
    await press.whenState(run, 'SUCCEEDED')
    await expect(press.approve(['radon-limit@1.0.0=5'], AT_ONCE)).rejects.toMatchObject({
      code: 'HMS_APPROVER_VERSION_REUSED',
      status: 409,
    })
    await expect(press.approve(['radon-limit@1.0.0=4'], AT_ONCE)).rejects.toMatchObject({ code: 'HMS_APPROVER_ALREADY_LIVE', status: 409 })
    await expect(press.approve(['radon-limit@0.9.0=3'], AT_ONCE)).rejects.toMatchObject({
      code: 'HMS_APPROVER_VERSION_NOT_HIGHER',
      status: 409,
    })
  })

  it('does not count its author, even while a signature is missing', async () => {
    const file = ['ozone-limit@1.0.0=70']
    const run = await press.approve(file, AT_ONCE, { author: 'EPA Chief' })
    expect(await press.approve(file, {}, { signer: 'EPA Chief', author: 'epa-chief' })).toBe(run)
    await system.settle()
    expect(await press.show(run)).toMatchObject({ state: 'AWAITING_APPROVAL' })
    expect(await press.waiting(run)).toMatchObject({ authors: ['EPA Chief'], signedBy: ['EPA Chief'], missing: ['official'] })
    await expect(press.approve(file, {}, { signer: 'Air Office', author: 'Air Office' })).rejects.toMatchObject({
      code: 'HMS_APPROVER_PLAN_DIFFERS',
      status: 409,
    })
    await press.approve(file, {}, { signer: 'EPA Counsel' })
    await press.whenState(run, 'SUCCEEDED')
    expect(await press.provenance('ozone-limit')).toMatchObject({ author: 'EPA Chief', approvedBy: ['EPA Counsel'] })
  })

  it('of a critical policy by its author and one of two waits; two others complete it', async () => {
    const file = ['arsenic-limit@1.0.0=10']
    const critical = { tags: ['critical'], owner: 'Air Office' }
    const run = await press.approve(file, AT_ONCE, { ...critical, signer: 'Air Office' })
    await press.approve(file, {}, critical)
    expect(await press.waiting(run)).toMatchObject({ signedBy: ['Air Office', 'EPA Chief'], missing: ['critical'] })
    await press.approve(file, {}, { ...critical, signer: 'State Liaison' })
    await press.whenState(run, 'SUCCEEDED')
    expect((await press.provenance('arsenic-limit')).approvedBy).toEqual(['EPA Chief', 'State Liaison'])
  })

  it('takes the committer for the author where no author is named and the roster has that exact name', async () => {
    const known = await press.approve(['benzene-limit@1.0.0=5'], AT_ONCE, { committedBy: { 'benzene-limit': 'EPA Chief' } })
    expect(await press.waiting(known)).toMatchObject({ authors: ['EPA Chief'], missing: ['official'] })
    const unknown = await press.approve(['toluene-limit@1.0.0=5'], AT_ONCE, { committedBy: { 'toluene-limit': 'epa chief' } })
    await press.whenState(unknown, 'SUCCEEDED')
    const owned = await press.approve(['xylene-limit@1.0.0=5'], AT_ONCE, {
      owner: 'Air Office',
      committedBy: { 'xylene-limit': 'EPA Chief' },
    })
    await press.whenState(owned, 'SUCCEEDED')
    expect((await press.provenance('toluene-limit')).author).toBeNull()
    expect((await press.provenance('xylene-limit')).author).toBe('Air Office')
  })

  it('keeps why each person signed', async () => {
    const run = await press.approve(['cadmium-limit@1.0.0=5'], AT_ONCE, { tags: ['critical'], reason: 'WHO guideline of 2021' })
    expect((await press.waiting(run)).reasons).toEqual([{ name: 'EPA Chief', reason: 'WHO guideline of 2021' }])
  })

  it('ends STALE as soon as another version is live', async () => {
    const later = await press.approve(['nickel-limit@1.1.0=20'], AT_ONCE, { tags: ['critical'] })
    const first = await press.approve(['nickel-limit@1.0.0=25'], AT_ONCE)
    await press.whenState(first, 'SUCCEEDED')
    await press.whenState(later, 'STALE')
    const detail = 'the live version of nickel-limit changed to 1.0.0 after this was prepared; approve the file again'
    expect(await press.show(later)).toMatchObject({ reason: 'LIVE_MOVED', detail })
    const again = await press.approve(['nickel-limit@1.1.0=20'], AT_ONCE, { tags: ['critical'], signer: 'EPA Counsel' })
    expect(again).not.toBe(later)
    expect(await press.waiting(again)).toMatchObject({ signedBy: ['EPA Counsel'], missing: ['critical'] })
    await press.approve(['nickel-limit@1.1.0=20'], {}, { tags: ['critical'] })
    await press.whenState(again, 'SUCCEEDED')
  })

  it('ends STALE when the version it follows was rolled back, and waits on behind a run that goes live', async () => {
    await press.whenState(await press.approve(['copper-limit@1.0.0=9'], AT_ONCE), 'SUCCEEDED')
    const ahead = await press.approve(['copper-limit@1.1.0=8'], { observeMs: 60_000, bakeMs: 0 })
    const behind = await press.approve(['copper-limit@1.2.0=7'], AT_ONCE, { queue: true, tags: ['critical'] })
    await system.runUntil(async () => (await press.show(ahead)).state === 'SUCCEEDED', 120_000)
    await system.settle()
    expect((await press.show(behind)).state).toBe('AWAITING_APPROVAL')
    await press.api.post('/v1/rollbacks', { policy: 'copper-limit', version: '1.0.0' })
    await press.whenState(behind, 'STALE')
  })

  it('ends STALE when the run that it was to follow did not go live', async () => {
    await press.whenState(await press.approve(['tin-limit@1.0.0=9'], AT_ONCE), 'SUCCEEDED')
    const ahead = await press.approve(['tin-limit@1.1.0=8'], { share: 10_000, observeMs: 60_000, bakeMs: 0 })
    const behind = await press.approve(['tin-limit@1.2.0=7'], AT_ONCE, { queue: true, tags: ['critical'] })
    await press.whenState(ahead, 'CANARY')
    await system.settle()
    for (const id of ['1', '2'])
      await press.api.post('/v1/alerts', {
        id,
        bot: `bot-${id}`,
        region: 'NCR',
        kind: 'Violation',
        reading: { id },
        value: 1,
        policy: 'tin-limit',
        version: '1.1.0',
      })
    await press.whenState(ahead, 'ROLLED_BACK')
    await press.whenState(behind, 'STALE')
  })
})

describe('a rejection', () => {
  let system: MemorySystem
  let press: PipelineDriver

  beforeAll(async () => {
    system = await startMemorySystem({}, undefined, ({ roles }) =>
      roles.forEach((role) => role.match.service ?? (role.principals = role.principals.filter((id) => id !== 'state-liaison'))),
    )
    press = new PipelineDriver(system)
  })

  afterAll(() => system.stop())

  const waitingRun = async (id: string, options: { owner?: string } = {}): Promise<ApprovalSummary> =>
    press.waiting(await press.approve([`${id}@1.0.0=15`], AT_ONCE, { tags: ['critical'], ...options }))

  it('by a person who could approve it ends the run, with name and reason, and is in the trail', async () => {
    const { digest, run } = await waitingRun('lead-limit')
    expect(await press.reject(digest, 'the unit is wrong', 'EPA Counsel')).toEqual({ run, state: 'ABORTED', digest, missing: ['critical'] })
    expect(await press.show(run!)).toMatchObject({ state: 'ABORTED', reason: 'REJECTED', detail: 'EPA Counsel: the unit is wrong' })
    expect(await press.api.get<ApprovalSummary>(`/v1/approvals/${digest}`)).toMatchObject({ state: 'ABORTED' })
    expect(await press.api.get<ApprovalSummary[]>('/v1/approvals')).toEqual([])
    const inTrail = async () =>
      (await press.api.get<AuditEntry[]>('/v1/audit/entries', { run: run! })).filter(({ type }) => type === 'hms.approval.rejected.v1')
    await system.runUntil(async () => (await inTrail()).length > 0, 1_000)
    expect(await inTrail()).toEqual([expect.objectContaining({ digest: expect.stringMatching(/^sha256:/) })])
    const again = await press.approve(['lead-limit@1.0.0=15'], AT_ONCE, { tags: ['critical'] })
    expect(again).not.toBe(run)
    await press.approve(['lead-limit@1.0.0=15'], {}, { tags: ['critical'], signer: 'EPA Counsel' })
    await press.whenState(again, 'SUCCEEDED')
  })

  it('by its author, who has no role, is a withdrawal', async () => {
    const { digest, run } = await waitingRun('zinc-limit', { owner: 'State Liaison' })
    await press.reject(digest, 'not ready', 'State Liaison')
    expect(await press.show(run!)).toMatchObject({ state: 'ABORTED', detail: 'State Liaison: not ready' })
  })

  it('has no effect from another person, for another digest, or twice', async () => {
    const { digest } = await waitingRun('iron-limit')
    const stranger = localSigner(generateKeyPair().privateKey)
    await expect(press.reject(digest, 'no', 'State Liaison')).rejects.toMatchObject({
      code: 'HMS_APPROVER_NOT_YOURS_TO_REJECT',
      status: 403,
    })
    await expect(rejectApproval(press.api, digest, 'no', stranger)).rejects.toMatchObject({
      code: 'HMS_APPROVER_SIGNER_UNKNOWN',
      status: 403,
    })
    await expect(rejectApproval(press.api, digest, 'no', system.operator)).rejects.toMatchObject({ code: 'HMS_APPROVER_SIGNER_UNKNOWN' })
    const counsel = system.signers.get('EPA Counsel')!
    const post = async (said: { subject: string; decision: string }, edit = (text: string) => text): Promise<unknown> => {
      const statement = await signDecision({ reason: 'no', at: new Date(), ...said }, counsel)
      const payload = Buffer.from(edit(Buffer.from(statement.payload, 'base64').toString())).toString('base64')
      return press.api.post(`/v1/approvals/${digest}/decisions`, { statement: { ...statement, payload } })
    }
    await expect(post({ subject: `sha256:${'0'.repeat(64)}`, decision: 'reject' })).rejects.toMatchObject({
      code: 'HMS_APPROVER_DECISION_OTHER',
      status: 422,
    })
    await expect(post({ subject: digest, decision: 'approve' })).rejects.toMatchObject({ code: 'HMS_APPROVER_DECISION_OTHER' })
    await expect(post({ subject: digest, decision: 'reject' }, (text) => text.replace('"no"', '"yes"'))).rejects.toMatchObject({
      code: 'HMS_APPROVER_SIGNATURE_INVALID',
      status: 403,
    })
    await expect(press.reject(`sha256:${'0'.repeat(64)}`, 'no', 'EPA Chief')).rejects.toMatchObject({
      code: 'HMS_APPROVER_APPROVAL_UNKNOWN',
      status: 404,
    })
    await press.reject(digest, 'no', 'EPA Chief')
    await expect(press.reject(digest, 'no', 'EPA Counsel')).rejects.toMatchObject({ code: 'HMS_APPROVER_APPROVAL_CLOSED', status: 409 })
  })

  it('comes too late once every approver has signed', async () => {
    const run = await press.approve(['gold-limit@1.0.0=1'], AT_ONCE)
    const { digest } = await press.api.get<{ digest: string }>(`/v1/approvals/${await approvalOf(press, run)}`)
    await expect(press.reject(digest, 'no', 'EPA Counsel')).rejects.toMatchObject({ code: 'HMS_APPROVER_APPROVAL_CLOSED', status: 409 })
  })
})

/** The release digest under which a run was approved, as its provenance names it. */
async function approvalOf(press: PipelineDriver, run: number): Promise<string> {
  await press.whenState(run, 'SUCCEEDED')
  return (await press.provenance((await press.show(run)).policies[0]!.id)).digest
}

describe('a production roster', () => {
  let system: MemorySystem
  let press: PipelineDriver

  beforeAll(async () => {
    system = await startMemorySystem({}, undefined, (roster) => {
      roster.profile = 'production'
      roster.bounds = { minObserveMs: 60_000, maxShare: 2_500 }
      roster.roles[1]!.bounds = { minBakeMs: 120_000 }
    })
    press = new PipelineDriver(system)
  })

  afterAll(() => system.stop())

  const plan = { observeMs: 60_000, bakeMs: 120_000 }

  it('wants to know the author', async () => {
    for (const options of [
      {},
      { author: 'Somebody Else' },
      { owner: 'Department' },
      { author: 'rollout' },
      { committedBy: { 'lead-limit': 'Somebody' } },
    ]) {
      await expect(press.approve(['lead-limit@1.0.0=15'], plan, options)).rejects.toMatchObject({
        code: 'HMS_APPROVER_AUTHOR_UNKNOWN',
        status: 422,
      })
    }
  })

  it('wants the author’s own signature, which counts for nothing else', async () => {
    const run = await press.approve(['lead-limit@1.0.0=15'], plan, { author: 'Air Office' })
    expect(await press.waiting(run)).toMatchObject({ signedBy: ['EPA Chief'], missing: ['author'] })
    await press.approve(['lead-limit@1.0.0=15'], {}, { signer: 'Air Office' })
    await system.settle()
    expect((await press.show(run)).state).not.toBe('AWAITING_APPROVAL')
  })

  it.each([
    [{ ...plan, observeMs: 59_000 }, {}, 'minObserveMs', '--observe 60000ms'],
    [{ ...plan, share: 2_501 }, {}, 'maxShare', '--canary 25%'],
    [{ ...plan, bakeMs: 119_999 }, { tags: ['critical'] }, 'minBakeMs', '--bake 120000ms'],
  ])('refuses the plan %j before a person signs it', async (outside, options, bound, flag) => {
    const prepared = press.approve(['lead-limit@2.0.0=12'], outside, { author: 'Air Office', ...options, queue: true })
    const problem = await prepared.catch((error: unknown) => error)
    expect(problem).toMatchObject({ code: 'HMS_APPROVER_PLAN_BOUNDS', status: 422, state: { bound } })
    expect((problem as { detail: string }).detail).toContain(flag)
  })
})

describe('a roster that requires evidence', () => {
  it('pauses a run without any, also with profile dev', async () => {
    const system = await startMemorySystem({}, undefined, (roster) => void (roster.roles[1]!.bounds = { requireEvidence: true }))
    const press = new PipelineDriver(system)
    const run = await press.approve(['lead-limit@1.0.0=15'], AT_ONCE, { tags: ['critical'] })
    await press.approve(['lead-limit@1.0.0=15'], {}, { tags: ['critical'], signer: 'EPA Counsel' })
    await press.whenState(run, 'PAUSED')
    const plain = await press.approve(['zinc-limit@1.0.0=15'], AT_ONCE)
    await press.whenState(plain, 'SUCCEEDED')
    expect((await press.show(run)).reason).toBe('NO_EVIDENCE')
    await expect(press.decide(run, 'resume')).rejects.toMatchObject({ code: 'HMS_RUN_NOT_RESUMABLE' })
    expect(await press.decide(run, 'retry')).toMatchObject({ attempt: 2 })
    await press.whenState(run, 'PAUSED')
    expect(await press.show(run)).toMatchObject({ attempt: 2, reason: 'NO_EVIDENCE' })
    await system.stop()
  })
})
