import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Envelope, Freeze, FreezeRecord } from '#libs/contracts'
import { localSigner, signFreeze, signLift, type Signer } from '#libs/signing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const DRILL: Freeze = { id: 'drill', reason: 'drill', scope: 'global' }

let system: MemorySystem
let press: PipelineDriver
beforeEach(async () => {
  system = await startMemorySystem()
  press = new PipelineDriver(system)
})
afterEach(() => system.stop())

const person = (name: string): Signer => system.signers.get(name)!
const hoursAgo = (hours: number): Date => new Date(system.clock.now().getTime() - hours * 3_600_000)
const declare = (statement: unknown): Promise<unknown> => press.api.post('/v1/freezes', { statement })
const signed = (freeze: object, { by = person('EPA Chief'), at = system.clock.now() } = {}): Promise<Envelope> =>
  signFreeze({ ...DRILL, ...freeze } as Freeze, at, by)

describe('a freeze', () => {
  it.each([
    ['a stranger', 'HMS_FREEZE_SIGNATURE_INVALID', () => signed({}, { by: localSigner(generateKeyPairSync('ed25519').privateKey) })],
    ['a service', 'HMS_FREEZE_SIGNATURE_INVALID', () => signed({}, { by: system.host.runtimes.get('rollout')!.signer })],
    ['a person, hours ago', 'HMS_FREEZE_STATEMENT_EXPIRED', () => signed({}, { at: hoursAgo(1) })],
    [
      'a person who lifts',
      'HMS_FREEZE_INVALID',
      () => signLift({ id: 'drill', declared: `sha256:${'0'.repeat(64)}`, reason: 'x' }, system.clock.now(), person('EPA Chief')),
    ],
    ['a person, with an endless reason', 'HMS_FREEZE_INVALID', () => signed({ reason: 'x'.repeat(1_001) })],
    ['a person, with a name like a path', 'HMS_FREEZE_INVALID', () => signed({ id: '../../etc' })],
    ['a person, with a scope that splits lines', 'HMS_FREEZE_INVALID', () => signed({ scope: 'region:N\nCR' })],
    [
      'a person, with a cron of every second',
      'HMS_FREEZE_INVALID',
      () => signed({ recurrence: { cron: '* * * * * *', zone: 'UTC', for: '1m' } }),
    ],
    [
      'a person, with a cron that is a program',
      'HMS_FREEZE_INVALID',
      () => signed({ recurrence: { cron: '@reboot', zone: 'UTC', for: '1m' } }),
    ],
    ['nobody at all', 'HMS_FREEZE_SIGNATURE_INVALID', () => ({})],
  ])('is refused of %s', async (_who, code, make) => {
    await expect(declare(await make())).rejects.toMatchObject({ code })
    expect(await press.api.get('/v1/freezes')).toEqual([])
  })

  it('that is sent twice is one freeze', async () => {
    const statement = await signed({})
    expect(await declare(statement)).toEqual(await declare(statement))
    expect(await press.api.get('/v1/freezes')).toHaveLength(1)
  })

  it('that was lifted does not come back with its own old statement', async () => {
    const statement = await signed({})
    await declare(statement)
    await press.lift('drill')
    expect(await declare(statement)).toMatchObject({ state: 'LIFTED' })
  })

  it.each([
    ['without a signature', async () => ({ payloadType: '', payload: '', signatures: [] })],
    ['with the signature of another freeze', () => signed({ id: 'other' })],
  ])('is believed by a stage for its signature alone, whatever approver says: one %s holds nothing back', async (_what, sign) => {
    const approver = system.host.runtimes.get('approver')!
    const at = system.clock.now().toISOString()
    const freeze: FreezeRecord = { ...DRILL, by: 'EPA Chief', declaredAt: at, statement: await sign(), lifted: null }
    await approver.database.transaction((tx) => approver.emit(tx, 'hms.freeze.declared.v1', { freeze }, { key: 'drill' }))
    await system.settle()
    await press.whenState(await press.approve(['pm25@1.0.0=35'], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')
  })
})
