import { afterEach, describe, expect, it } from 'vitest'
import type { OutgoingEvent, StreamFrame } from '#libs/contracts'
import { MemoryBus } from '#libs/messaging'
import { generateKeyPair, localSigner, NOTE_COSIGNATURE, NOTE_ED25519, rawPublicKey, verifyHead, vkeyOf, type RosterPredicate } from '#libs/signing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const QUICK = { observeMs: 0, bakeMs: 0 }
const keys = { 'audit-log': generateKeyPair(), witness: generateKeyPair() }

function withLog(roster: RosterPredicate): void {
  roster.log = vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(keys['audit-log'].publicKey))
  roster.witnesses = [vkeyOf('example.org/witness', NOTE_COSIGNATURE, rawPublicKey(keys.witness.publicKey))]
  roster.quorum = 1
}

/** Remembers the order in which events reached the log of the bus. */
class RecordingBus extends MemoryBus {
  readonly types: string[] = []

  override publish(events: readonly OutgoingEvent[]) {
    this.types.push(...events.map(({ type }) => type))
    return super.publish(events)
  }
}

describe('a release, where the roster names a log', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let bus: RecordingBus
  let hasWitness: boolean

  const start = async (environment = {}): Promise<void> => {
    bus = new RecordingBus()
    system = await startMemorySystem(environment, bus, withLog, async (name) => (name === 'witness' && !hasWitness ? undefined : localSigner(keys[name].privateKey)))
    press = new PipelineDriver(system)
  }
  /** A checkpoint takes its time, which somebody has to let pass. */
  const reaches = (run: number, state: string): Promise<void> => system.runUntil(async () => (await press.show(run)).state === state, 300_000)
  afterEach(() => system.stop())

  it('is shown to nobody before its approval is in a witnessed checkpoint, and brings the proof to whoever reads it', async () => {
    hasWitness = true
    await start()
    await reaches(await press.approve(['pm25-limit@1.0.0=35'], QUICK), 'SUCCEEDED')
    expect(bus.types.indexOf('hms.release.logged.v1')).toBeGreaterThan(bus.types.indexOf('hms.approval.approved.v1'))
    expect(bus.types.indexOf('hms.head.issued.v1')).toBeGreaterThan(bus.types.indexOf('hms.release.logged.v1'))
    expect(bus.types.filter((type) => type === 'hms.canary.started.v1')).toHaveLength(1)
    const { documents } = await press.api.get<StreamFrame>('/v1/snapshot')
    const stable = documents.find(({ scope }) => scope === 'global')!
    expect(verifyHead(stable, system.roster).release).toMatchObject({ digest: stable.digest, approvedBy: ['EPA Chief'], proof: stable.proof })
    expect(() => verifyHead({ ...stable, proof: null }, system.roster)).toThrow('HMS_HEAD_NOT_LOGGED')
  })

  it('goes back by a rollback without waiting for anything', async () => {
    hasWitness = true
    await start()
    for (const policy of ['pm25-limit@1.0.0=35', 'pm25-limit@2.0.0=25']) await reaches(await press.approve([policy], QUICK), 'SUCCEEDED')
    const proven = bus.types.filter((type) => type === 'hms.release.logged.v1').length
    await press.api.post('/v1/rollbacks', { policy: 'pm25-limit', version: '1.0.0' })
    await system.settle()
    expect(await press.limit('pm25-limit')).toBe(35)
    expect(bus.types.filter((type) => type === 'hms.release.logged.v1')).toHaveLength(proven)
  })

  it('waits while no witness signs, says so, and ends with the run', async () => {
    hasWitness = false
    await start({ HMS_APPROVER_STAGE_DEADLINE: '1m' })
    const run = await press.approve(['pm25-limit@1.0.0=35'], QUICK)
    await system.runUntil(async () => bus.types.includes('hms.canary.delayed.v1'), 60_000)
    await system.settle()
    expect((await press.show(run)).stages.find(({ stage }) => stage === 'canary')).toMatchObject({ detail: 'waiting for the audit log to hold the approval' })
    expect(await press.api.get<{ state: string }>(`/v1/canaries/${run}`)).toMatchObject({ state: 'proving' })
    await reaches(run, 'FAILED')
    await system.settle()
    expect(await press.api.get<{ state: string }>(`/v1/canaries/${run}`)).toMatchObject({ state: 'ended' })
    expect(bus.types).not.toContain('hms.head.issued.v1')
  })
})
