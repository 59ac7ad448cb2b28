import { beforeEach, describe, expect, it } from 'vitest'
import { packDossier, type AcceptedDecision, type ReceivedEvent, type ReleaseDocument, type RunDossier } from '#libs/contracts'
import { MemoryBus, MemoryOutboxStore, MemoryPositionStore } from '#libs/messaging/testing'
import { documentTable, type Transaction } from '#libs/persistence'
import { MemoryDatabase, MemoryTimerStore } from '#libs/persistence/testing'
import {
  decideRollout,
  newRollout,
  ROLLOUT_TIMERS,
  type Rollout,
  type RolloutEffect,
  type RolloutInput,
  type RolloutTimer,
} from '#libs/pipeline'
import { Metrics, silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { createRuntime, type ServiceRuntime } from '#libs/service'
import {
  buildRelease,
  bundleOf,
  CANARY_PASSED,
  digestOfJson,
  signEnvelope,
  signVerificationResult,
  type AttestingStage,
  type BundleRef,
} from '#libs/signing'
import { testIdentity, type TestIdentity } from '../../../../test/support/identity.js'
import { StageShell } from './stage-shell.js'

const TABLE = documentTable<Rollout>({ name: 'rollout', id: ({ run }) => String(run), keys: {} })
const PLAN = { share: 500, scope: 'region:NCR', scopeName: 'NCR', observeMs: 0, bakeMs: 0, partners: null }
const NOTHING = { payloadType: '', payload: Buffer.from('{}').toString('base64'), signatures: [] }
const CAUSE = { id: '01890a5d-ac96-774b-bcce-b302099a8057', key: 'pm25' } as ReceivedEvent

/** Creates the shell with rollout's decider on memory adapters; rollout's own effects are only recorded by name. */
async function shellFixture(attestedBy: AttestingStage[] = []) {
  const clock = new VirtualClock('2026-01-01T00:00:00Z')
  const [database, outbox] = [new MemoryDatabase(clock), new MemoryOutboxStore()]
  const identity = await testIdentity()
  const coordination = { leadership: { tryLead: async () => false }, notify: () => {}, onNotification: () => {}, close: async () => {} }
  const base = { name: 'rollout' as const, profile: 'dev' as const, environment: {}, configStoreUrls: [], metrics: new Metrics() }
  const options = { ...base, database, clock, log: silentLogger, roster: identity.roster, signer: identity.serviceSigner('rollout') }
  const stores = { outbox, positions: new MemoryPositionStore(), timers: new MemoryTimerStore() }
  const runtime = createRuntime(options, stores, new MemoryBus(), coordination, async () => ({ database: true, migrations: true }))
  const own: string[] = []
  const shell = new StageShell<Rollout, RolloutInput, RolloutEffect, RolloutTimer>(runtime, {
    name: 'rollout',
    table: TABLE,
    skipsEndedRuns: true,
    attestedBy,
    timers: ROLLOUT_TIMERS,
    decide: (state, input, now) => decideRollout(state, input, { now, publishMs: 600_000, acknowledgeMs: 30_000 }),
    keysOf: ({ members }) => members.map(({ policy }) => policy),
    perform: async (_tx, _state, effect) => void own.push(effect.do),
  })
  const handle = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => database.transaction(work)
  return {
    identity,
    shell,
    runtime,
    own,
    handle,
    open: (attempt = 1) => handle((tx) => open(shell, tx, attempt)),
    state: () => handle((tx) => tx.documents(TABLE).get('7')),
    pending: () => handle(async (tx) => (await runtime.timers.pending(tx, 'rollout')).map(({ id }) => id)),
    sent: async (): Promise<string[]> => (await handle((tx) => outbox.unsent(tx, 100))).map(({ type }) => type),
  }
}

function open(shell: StageShell<Rollout, RolloutInput, RolloutEffect, RolloutTimer>, tx: Transaction, attempt: number) {
  const release = { id: 'pm25', version: '2.0.0', policyDigest: '', releaseDigest: 'sha256:new', releaseEpoch: 1, envelope: NOTHING }
  const dossier = packDossier({ run: 7, attempt, releases: [release], live: { pm25: null }, used: {}, plan: PLAN })
  const origin = { key: CAUSE.key, causationId: CAUSE.id, traceparent: null, dossier }
  const fresh = newRollout(dossier, origin, { quorum: 9_900, begins: new Map() })
  return shell.open(tx, { fresh, dossier, cause: CAUSE }, () => ({ type: 'opened', stable: {}, frozen: null }))
}

const TIMES = { preparedAt: '2026-01-01T00:00:00Z', expires: '2026-01-08T00:00:00Z' }
const policyOf = (id: string) => ({ id, version: '1.0.0', effective: '2026-01-01T00:00:00Z' })

async function releaseOf(id: string, bundle: BundleRef): Promise<ReleaseDocument> {
  const history = { releaseEpoch: 1, previous: null, fallbacks: [], author: null }
  const built = buildRelease({ policy: policyOf(id), scopes: ['global'], plan: PLAN, bundle, ...history, ...TIMES })
  const names = { id, version: '1.0.0', policyDigest: built.policyDigest, releaseDigest: built.digest }
  return { ...names, releaseEpoch: 1, envelope: await signEnvelope(built.payload, []) }
}

/** Creates a dossier with only `policies` of the bundle `all`, attested by canary-controller. */
async function dossierOf(identity: TestIdentity, policies: string[], all: string[]): Promise<RunDossier> {
  const bundle = bundleOf(all.map((id) => digestOfJson(policyOf(id))))
  const releases = await Promise.all(policies.map((id) => releaseOf(id, bundle)))
  const held = { verifier: { id: 'canary', policies: [] }, timeCreated: TIMES.preparedAt, properties: [CANARY_PASSED] }
  const canary = await signVerificationResult(held, { run: 7, attempt: 1, releases }, identity.serviceSigner('canary-controller'))
  const live = Object.fromEntries(policies.map((id) => [id, null]))
  return packDossier({ run: 7, attempt: 1, releases, live, used: {}, plan: PLAN, attestations: { canary } })
}

const abort = (attempt = 1): AcceptedDecision => {
  return { run: 7, attempt, id: 'sha256:1', decision: 'abort', stage: 'lint', by: 'EPA Chief', reason: 'drill', statement: NOTHING }
}
const pause = (attempt = 1): AcceptedDecision => ({ ...abort(attempt), id: 'sha256:2', decision: 'pause', stage: 'rollout' })

describe('the stage shell', () => {
  let fixture: Awaited<ReturnType<typeof shellFixture>>
  let runtime: ServiceRuntime
  beforeEach(async () => {
    fixture = await shellFixture()
    runtime = fixture.runtime
  })

  it('opens a run once per attempt, with its effects, its timers and its state', async () => {
    await fixture.open()
    expect(await fixture.open()).toBe('ignored-stale')
    expect(fixture.own).toEqual(['issueHeads'])
    expect(await fixture.sent()).toEqual(['hms.rollout.started.v1'])
    expect(await fixture.pending()).toEqual(['rollout-publish:7:1'])
    expect(await fixture.state()).toMatchObject({ state: 'publishing', attempt: 1 })
  })

  it.each([
    ['refuses a run that is but a part of what was approved together', ['ozone', 'pm25'], ['hms.rollout.failed.v1'], 'failed'],
    ['opens a run of all that was approved together', ['pm25'], ['hms.rollout.started.v1'], 'publishing'],
  ])('%s', async (_what, all, sent, state) => {
    fixture = await shellFixture(['canary'])
    const dossier = await dossierOf(fixture.identity, ['pm25'], all)
    const fresh = newRollout(
      dossier,
      { key: CAUSE.key, causationId: CAUSE.id, traceparent: null, dossier },
      { quorum: 9_900, begins: new Map() },
    )
    await fixture.handle((tx) =>
      fixture.shell.open(tx, { fresh, dossier, cause: CAUSE }, () => ({ type: 'opened', stable: {}, frozen: null })),
    )
    expect([await fixture.sent(), (await fixture.state())?.state]).toEqual([sent, state])
  })

  it('ends an older attempt before it opens a newer one', async () => {
    await fixture.open()
    await fixture.open(2)
    expect(fixture.own).toEqual(['issueHeads', 'takeBack', 'issueHeads'])
    expect(await fixture.pending()).toEqual(['rollout-publish:7:2'])
    expect(await fixture.open(1)).toBe('ignored-stale')
  })

  it('does not open a run that ended before it arrived, and opens its next attempt', async () => {
    await fixture.handle((tx) => fixture.shell.ended(tx, { run: 7, attempt: 1, reason: 'deadline' }))
    expect(await fixture.open()).toBe('ignored-stale')
    expect([await fixture.state(), await fixture.sent()]).toEqual([undefined, []])
    await fixture.open(2)
    expect(await fixture.state()).toMatchObject({ state: 'publishing', attempt: 2 })
  })

  it('stores an early abort, and responds when the run arrives', async () => {
    await fixture.handle((tx) => fixture.shell.decisionReceived(tx, abort(), ({ dossier }) => dossier))
    expect(await fixture.sent()).toEqual([])
    expect(await fixture.open()).toBe('ignored-stale')
    expect(await fixture.sent()).toEqual(['hms.run.decision-applied.v1'])
  })

  it.each([
    ['its run', 1],
    ['an attempt', 2],
  ])('responds exactly once, on opening, to a pause received before %s', async (_what, attempt) => {
    for (let before = 1; before < attempt; before++) await fixture.open(before)
    await fixture.handle((tx) => fixture.shell.decisionReceived(tx, pause(attempt), ({ dossier }) => dossier))
    expect(await fixture.sent()).not.toContain('hms.run.decision-late.v1')
    await fixture.open(attempt)
    await fixture.open(attempt)
    expect((await fixture.sent()).slice(-2)).toEqual(['hms.rollout.started.v1', 'hms.run.decision-late.v1'])
    await fixture.open(attempt + 1)
    expect((await fixture.sent()).filter((type) => type === 'hms.run.decision-late.v1')).toHaveLength(1)
  })

  it('applies an early abort, and ignores pauses received before or after it', async () => {
    await fixture.handle((tx) => fixture.shell.decisionReceived(tx, pause(), ({ dossier }) => dossier))
    await fixture.handle((tx) => fixture.shell.decisionReceived(tx, abort(), ({ dossier }) => dossier))
    await fixture.handle((tx) => fixture.shell.decisionReceived(tx, pause(), ({ dossier }) => dossier))
    expect(await fixture.open()).toBe('ignored-stale')
    expect(await fixture.sent()).toEqual(['hms.run.decision-applied.v1'])
  })

  it('ignores a pause addressed to another stage', async () => {
    await fixture.handle((tx) => fixture.shell.decisionReceived(tx, { ...pause(), stage: 'canary' }, ({ dossier }) => dossier))
    await fixture.open()
    expect(await fixture.sent()).toEqual(['hms.rollout.started.v1'])
  })

  it('ignores a decision about a run that approver saw in a later stage', async () => {
    await fixture.open()
    await fixture.handle((tx) => fixture.shell.decisionReceived(tx, { ...abort(), stage: 'notify' }, ({ dossier }) => dossier))
    expect(await fixture.sent()).toEqual(['hms.rollout.started.v1'])
  })

  it('responds to a decision whose signature does not count, and changes nothing', async () => {
    await fixture.open()
    await fixture.handle((tx) => fixture.shell.decisionReceived(tx, abort(), ({ dossier }) => dossier))
    expect(await fixture.sent()).toEqual(['hms.rollout.started.v1', 'hms.run.decision-late.v1'])
    expect(await fixture.state()).toMatchObject({ state: 'publishing' })
  })

  it('applies a due timer only to its own attempt', async () => {
    fixture.shell.listen()
    await fixture.open()
    const input = { type: 'due', timer: 'publish' } as const
    await fixture.handle((tx) => fixture.shell.input(tx, 7, input, { attempt: 2 }))
    expect(await fixture.state()).toMatchObject({ state: 'publishing' })
    await fixture.handle((tx) => fixture.shell.input(tx, 7, input, { attempt: 1 }))
    expect(await fixture.state()).toMatchObject({ state: 'failed' })
    expect(await fixture.pending()).toEqual([])
    expect(runtime.idle).toBe(true)
  })
})
