import { afterEach, describe, expect, it, vi } from 'vitest'
import { peekPredicate, type ConfigDocument, type OutgoingEvent, type RunView, type StreamFrame } from '#libs/contracts'
import { MemoryBus } from '#libs/messaging/testing'
import {
  generateKeyPair,
  isWitnessed,
  localSigner,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  rawPublicKey,
  readTlogProof,
  signRoster,
  signRunDecision,
  verifyHead,
  vkeyOf,
  type KeyPair,
  type LogPolicy,
  type RosterPredicate,
} from '#libs/signing'
import { ReleaseProofs } from '#libs/stage'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const QUICK = { observeMs: 0, bakeMs: 0 }
const keys = { 'audit-log': generateKeyPair(), witness: generateKeyPair() }

function withLog(roster: RosterPredicate): void {
  roster.log = vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(keys['audit-log'].publicKey))
  roster.witnesses = [vkeyOf('example.org/witness', NOTE_COSIGNATURE, rawPublicKey(keys.witness.publicKey))]
  roster.quorum = 1
}

function isProvenBy({ proof }: ConfigDocument, policy: LogPolicy): boolean {
  return isWitnessed(readTlogProof(proof!.proof).checkpoint, policy)
}

/** Remembers the order in which events reached the log of the bus. */
class RecordingBus extends MemoryBus {
  readonly types: string[] = []
  /** Drops every event of audit. */
  isLogSilent = false

  /** Events of audit that are held back; `letGo` publishes them at once. */
  private heldBack: OutgoingEvent[] | undefined

  holdBack(): void {
    this.heldBack = []
  }

  get isHolding(): boolean {
    return (this.heldBack ?? []).length > 0
  }

  async letGo(): Promise<void> {
    const events = this.heldBack ?? []
    this.heldBack = undefined
    await this.publish(events)
  }

  override async publish(all: readonly OutgoingEvent[]) {
    if (this.heldBack !== undefined) {
      this.heldBack.push(...all.filter(({ topic }) => topic === 'hms.audit.v1'))
      return this.publishNow(all.filter(({ topic }) => topic !== 'hms.audit.v1'))
    }
    return this.publishNow(this.isLogSilent ? all.filter(({ topic }) => topic !== 'hms.audit.v1') : all)
  }

  private async publishNow(events: readonly OutgoingEvent[]) {
    this.types.push(...events.map(({ type }) => type))
    return super.publish(events)
  }
}

describe('a release, where the roster names a log', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let bus: RecordingBus
  let hasWitness: boolean
  let logKey: KeyPair

  const start = async (environment = {}): Promise<void> => {
    bus = new RecordingBus()
    logKey = keys['audit-log']
    system = await startMemorySystem(environment, bus, withLog, async (name) => {
      if (name === 'audit-log') return localSigner(logKey.privateKey)
      return hasWitness ? localSigner(keys.witness.privateKey) : undefined
    })
    press = new PipelineDriver(system)
  }
  /** A checkpoint takes time, which this lets pass. */
  const reaches = (run: number, state: string): Promise<void> =>
    system.runUntil(async () => (await press.show(run)).state === state, 300_000)
  const readiness = async (): Promise<{
    status: string
    services: { service: string; concerns?: string[] }[]
  }> => (await (await fetch(`${system.url}/readyz`)).json()) as never
  const lagEntries = async (): Promise<number> =>
    Number(/^hms_svc_checkpoint_lag_entries (\d+)$/m.exec(await (await fetch(`${system.url}/metrics`)).text())?.[1])
  afterEach(() => system.stop())

  it('is not published before its approval is in a witnessed checkpoint, and contains the proof for readers', async () => {
    hasWitness = true
    await start()
    await reaches(await press.approve(['pm25-limit@1.0.0=35'], QUICK), 'SUCCEEDED')
    expect(bus.types.indexOf('hms.release.logged.v1')).toBeGreaterThan(bus.types.indexOf('hms.approval.approved.v1'))
    expect(bus.types.indexOf('hms.head.issued.v1')).toBeGreaterThan(bus.types.indexOf('hms.release.logged.v1'))
    expect(bus.types.filter((type) => type === 'hms.canary.started.v1')).toHaveLength(1)
    const { documents } = await press.api.get<StreamFrame>('/v1/snapshot')
    const stable = documents.find(({ scope }) => scope === 'global')!
    expect(verifyHead(stable, system.roster).release).toMatchObject({
      digest: stable.digest,
      approvedBy: ['EPA Chief'],
      proof: stable.proof,
    })
    expect(() => verifyHead({ ...stable, proof: null }, system.roster)).toThrow('HMS_HEAD_NOT_LOGGED')
  })

  it('is in the list of approved releases, which leads on by Link until it is whole', async () => {
    hasWitness = true
    await start()
    for (const policy of ['pm25-limit@1.0.0=35', 'ozone-limit@1.0.0=70']) await reaches(await press.approve([policy], QUICK), 'SUCCEEDED')
    const pageOf = async (path: string) => {
      const response = await fetch(new URL(path, system.url))
      const next = /^<([^>]*[?&]cursor=[^>]*)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1]
      return { items: (await response.json()) as { index: number }[], next }
    }
    const whole = await pageOf('/v1/audit/releases?from=0')
    const found: { index: number }[] = []
    for (let next: string | undefined = '/v1/audit/releases?from=0&limit=5'; next !== undefined;) {
      const page = await pageOf(next)
      found.push(...page.items)
      next = page.next
    }
    expect([whole.items.length, whole.next, found]).toEqual([2, undefined, whole.items])
    expect((await fetch(`${system.url}/v1/audit/releases?from=0&limit=257`)).status).toBe(400)
  })

  it('fails its run where a stage cannot handle its proof, and that run alone', async () => {
    hasWitness = true
    await start()
    const { store } = ReleaseProofs.prototype
    vi.spyOn(ReleaseProofs.prototype, 'store').mockImplementation(async function (this: ReleaseProofs, tx, approval) {
      if (approval.releases[0]!.policy === 'pm25-limit') throw new TypeError('Invalid time value')
      return store.call(this, tx, approval)
    })
    try {
      const run = await press.approve(['pm25-limit@1.0.0=35'], QUICK)
      await reaches(run, 'FAILED')
      expect(await press.show(run)).toMatchObject({ reason: 'POISONED' })
      await reaches(await press.approve(['ozone-limit@1.0.0=70'], QUICK), 'SUCCEEDED')
    } finally {
      vi.restoreAllMocks()
    }
  })

  it('is not published when its proof arrives in a freeze that has just begun', async () => {
    hasWitness = true
    await start()
    const from = new Date(system.clock.now().getTime() + 10 * 60_000)
    await press.freeze({ id: 'drill', from: from.toISOString() })
    bus.holdBack()
    const run = await press.approve(['pm25-limit@1.0.0=35'], QUICK)
    const canary = async () => (await press.show(run)).stages.find(({ stage }) => stage === 'canary')?.detail
    await system.runUntil(async () => bus.isHolding && (await canary()) === 'waiting until the audit log contains the approval', 300_000)
    // The timer that notifies the run is late.
    const controller = system.host.runtimes.get('canary-controller')!
    await controller.database.transaction(async (tx) => {
      for (const timer of await controller.timers.pending(tx, 'canary-freeze-change')) await controller.timers.cancel(tx, timer.id)
    })
    system.clock.advanceTo(from.getTime())
    await bus.letGo()
    await system.settle()
    expect(await press.show(run)).toMatchObject({ state: 'WAITING', reason: 'FREEZE' })
    expect(bus.types).not.toContain('hms.canary.started.v1')
  })

  it('is rolled back without waiting for the log', async () => {
    hasWitness = true
    await start()
    for (const policy of ['pm25-limit@1.0.0=35', 'pm25-limit@2.0.0=25']) await reaches(await press.approve([policy], QUICK), 'SUCCEEDED')
    const proven = bus.types.filter((type) => type === 'hms.release.logged.v1').length
    await press.api.post('/v1/rollbacks', { policy: 'pm25-limit', version: '1.0.0' })
    await system.settle()
    expect(await press.limit('pm25-limit')).toBe(35)
    expect(bus.types.filter((type) => type === 'hms.release.logged.v1')).toHaveLength(proven)
  })

  it('is rolled back by signatures once the log contains them, and never before', async () => {
    hasWitness = true
    await start()
    for (const policy of ['pm25-limit@1.0.0=35', 'pm25-limit@2.0.0=25']) await reaches(await press.approve([policy], QUICK), 'SUCCEEDED')
    const { run } = await press.signRollback('pm25-limit', '1.0.0')
    await reaches(run!, 'SUCCEEDED')
    await system.settle()
    expect(bus.types.lastIndexOf('hms.head.issued.v1')).toBeGreaterThan(bus.types.lastIndexOf('hms.release.logged.v1'))
    expect(await press.limit('pm25-limit')).toBe(35)
  })

  it('is not rolled back by signatures while the log does not contain them, and its run ends without it', async () => {
    hasWitness = true
    await start({ HMS_APPROVER_STAGE_DEADLINE: '1m' })
    for (const policy of ['pm25-limit@1.0.0=35', 'pm25-limit@2.0.0=25']) await reaches(await press.approve([policy], QUICK), 'SUCCEEDED')
    bus.isLogSilent = true
    const { run } = await press.signRollback('pm25-limit', '1.0.0')
    await system.settle()
    expect((await press.show(run!)).stages).toMatchObject([
      { stage: 'rollout', detail: 'waiting until the audit log contains the approval' },
    ])
    await expect(press.decide(run!, 'abort')).rejects.toMatchObject({
      code: 'HMS_RUN_DECISION_LATE',
      status: 409,
    })
    await reaches(run!, 'FAILED')
    await system.settle()
    expect(await press.limit('pm25-limit')).toBe(25)
    bus.isLogSilent = false
    await press.api.post('/v1/rollbacks', { policy: 'pm25-limit', version: '1.0.0' })
    await system.settle()
    expect(await press.limit('pm25-limit')).toBe(35)
  })

  it('bypasses simulation and canary once the log contains it, and never before', async () => {
    hasWitness = true
    await start({ HMS_APPROVER_STAGE_DEADLINE: '1m', HMS_APPROVER_BREAK_GLASS_BAKE: '1s' })
    await reaches(await press.approve(['pm25-limit@1.0.0=35'], QUICK), 'SUCCEEDED')
    await reaches(await press.breakGlass(['pm25-limit@2.0.0=25']), 'SUCCEEDED')
    expect(bus.types.lastIndexOf('hms.head.issued.v1')).toBeGreaterThan(bus.types.lastIndexOf('hms.release.logged.v1'))
    expect(await press.limit('pm25-limit')).toBe(25)
    bus.isLogSilent = true
    const run = await press.breakGlass(['pm25-limit@3.0.0=20'])
    await system.settle()
    expect((await press.show(run)).state).toBe('ROLLING_OUT')
    await reaches(run, 'FAILED')
    await system.settle()
    bus.isLogSilent = false
    await reaches(await press.approve(['pm25-limit@4.0.0=15'], QUICK), 'SUCCEEDED')
    expect(await press.limit('pm25-limit')).toBe(15)
  })

  it('is paused by a decision made while it waits for the log, once it may be published; an abort waits for no pause', async () => {
    hasWitness = true
    await start({ HMS_APPROVER_BREAK_GLASS_BAKE: '1s' })
    await reaches(await press.approve(['pm25-limit@1.0.0=35'], QUICK), 'SUCCEEDED')
    const waiting = async (version: string): Promise<number> => {
      bus.isLogSilent = true
      const run = await press.breakGlass([`pm25-limit@${version}`])
      await system.settle()
      expect((await press.show(run)).state).toBe('ROLLING_OUT')
      return run
    }
    const decide = async (run: number, decision: 'pause' | 'abort'): Promise<RunView> => {
      const { attempt, digest: subject } = await press.show(run)
      const signed = { run, attempt, subject, decision, reason: 'drill', at: system.clock.now() }
      const statement = await signRunDecision(signed, system.signers.get('EPA Chief')!)
      const view = await press.api.post<RunView>(`/v1/runs/${run}/decisions`, { statement })
      await system.settle()
      return view
    }
    const first = await waiting('2.0.0=25')
    expect((await decide(first, 'pause')).decisions).toMatchObject([{ outcome: 'pending' }])
    bus.isLogSilent = false
    await reaches(first, 'PAUSED')
    await press.decide(first, 'resume')
    await reaches(first, 'SUCCEEDED')
    const second = await waiting('3.0.0=20')
    await decide(second, 'pause')
    await decide(second, 'abort')
    bus.isLogSilent = false
    await reaches(second, 'ABORTED')
    expect((await press.show(second)).decisions).toMatchObject([{ outcome: 'late' }, { outcome: 'applied' }])
    expect(await press.limit('pm25-limit')).toBe(25)
  })

  it('continues under another key of the log that a new roster names, once that key is installed', async () => {
    hasWitness = true
    await start()
    for (const policy of ['pm25-limit@1.0.0=35', 'ozone-limit@1.0.0=70']) await reaches(await press.approve([policy], QUICK), 'SUCCEEDED')
    const renewed = generateKeyPair()
    const next = structuredClone(peekPredicate<RosterPredicate>(system.roster.envelope))
    const { log, witnesses, quorum } = next as Required<RosterPredicate>
    Object.assign(next, {
      version: 2,
      installation: system.roster.installation,
      log: vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(renewed.publicKey)),
      earlierLogs: [{ log, witnesses, quorum, until: '2036-01-01T00:00:00Z' }],
    })
    const envelope = await signRoster(
      next,
      ['EPA Chief', 'EPA Counsel'].map((name) => system.signers.get(name)!),
    )
    expect(await press.api.post('/v1/roster/proposals', { envelope })).toMatchObject({
      state: 'CURRENT',
    })
    await system.settle()
    const run = await press.approve(['pm25-limit@2.0.0=25'], QUICK)
    await system.runUntil(async () => bus.types.includes('hms.canary.delayed.v1'), 60_000)
    expect(await press.limit('pm25-limit')).toBe(35)
    await system.runUntil(async () => (await lagEntries()) > 0, 10_000)
    logKey = renewed
    await reaches(run, 'SUCCEEDED')
    const newest = system.host.runtimes.get('audit')!.roster
    const { documents } = await press.api.get<StreamFrame>('/v1/snapshot')
    const stable = documents.filter(({ scope }) => scope === 'global')
    expect(stable.map((document) => verifyHead(document, newest).release?.predicate.policy['limit'])).toEqual(
      expect.arrayContaining([70, 25]),
    )
    // By the new key alone, or by that of before: each proof says which.
    expect(stable.filter((document) => isProvenBy(document, newest.logPolicies[0]!)).map(({ id }) => id)).toEqual(['pm25-limit'])
    expect(isWitnessed(await (await fetch(`${system.url}/checkpoint`)).text(), newest.logPolicy!)).toBe(true)
  })

  it('waits while no witness signs, reports that, and ends with the run', async () => {
    hasWitness = false
    await start({ HMS_APPROVER_STAGE_DEADLINE: '1m' })
    const run = await press.approve(['pm25-limit@1.0.0=35'], QUICK)
    await system.runUntil(async () => bus.types.includes('hms.canary.delayed.v1'), 60_000)
    await system.settle()
    expect((await press.show(run)).stages.find(({ stage }) => stage === 'canary')).toMatchObject({
      detail: 'waiting until the audit log contains the approval',
    })
    await system.runUntil(async () => (await readiness()).status === 'degraded', 60_000)
    const { services } = await readiness()
    expect(services.flatMap(({ service, concerns = [] }) => concerns.map((concern) => `${service}: ${concern}`))).toEqual([
      expect.stringMatching(/^audit: \d+ entries of the audit log wait for their witnesses$/),
    ])
    expect(await lagEntries()).toBeGreaterThan(0)
    expect(await press.api.get<{ state: string }>(`/v1/canaries/${run}`)).toMatchObject({
      state: 'proving',
    })
    await reaches(run, 'FAILED')
    await system.settle()
    expect(await press.api.get<{ state: string }>(`/v1/canaries/${run}`)).toMatchObject({
      state: 'ended',
    })
    expect(bus.types).not.toContain('hms.head.issued.v1')
  })
})
