import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { peekPredicate, type Envelope, type Freeze, type FreezeRecord } from '#libs/contracts'
import {
  digestOfPayload,
  localSigner,
  PREDICATE_TYPES,
  signEnvelope,
  signFreeze,
  signLift,
  statement,
  subjectOfPredicate,
  type FreezePredicate,
  type Signer,
} from '#libs/signing'
import { DECLARATIONS } from '../../apps/approver/src/freezes/declaration.table.js'
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
const signed = (freeze: object, { by = person('EPA Chief'), ...signedFor }: { by?: Signer; at?: Date; installation?: string } = {}) =>
  signFreeze({ ...DRILL, ...freeze } as Freeze, { ...press.signedFor(), ...signedFor }, by)
const shown = (id: string): Promise<FreezeRecord> => press.api.get<FreezeRecord>(`/v1/freezes/${id}`)

const NOBODYS = `sha256:${'0'.repeat(64)}`

/** What was signed before statements named their installation. */
async function unnamed(): Promise<Envelope> {
  const { installation: _installation, ...predicate } = peekPredicate<FreezePredicate>(await signed({}))
  return signEnvelope(statement(PREDICATE_TYPES.freeze, [subjectOfPredicate('freeze drill', predicate)], predicate), [person('EPA Chief')])
}

describe('a freeze', () => {
  it.each([
    ['a stranger', 'HMS_FREEZE_SIGNATURE_INVALID', () => signed({}, { by: localSigner(generateKeyPairSync('ed25519').privateKey) })],
    ['a service', 'HMS_FREEZE_SIGNATURE_INVALID', () => signed({}, { by: system.host.runtimes.get('rollout')!.signer })],
    ['a person, hours ago', 'HMS_FREEZE_STATEMENT_EXPIRED', () => signed({}, { at: hoursAgo(1) })],
    [
      'a person who lifts',
      'HMS_FREEZE_INVALID',
      () => signLift({ id: 'drill', declared: NOBODYS, reason: 'x' }, press.signedFor(), person('EPA Chief')),
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
    ['a person, for no installation', 'HMS_FREEZE_OTHER', unnamed],
    ['no signer at all', 'HMS_FREEZE_SIGNATURE_INVALID', () => ({})],
  ])('is refused: %s', async (_who, code, make) => {
    await expect(declare(await make())).rejects.toMatchObject({ code })
    expect(await press.api.get('/v1/freezes')).toEqual([])
  })

  it('that is sent twice is one freeze', async () => {
    const statement = await signed({})
    expect(await declare(statement)).toEqual(await declare(statement))
    expect(await press.api.get('/v1/freezes')).toHaveLength(1)
  })

  it('returns the same result for its statement sent twice, whatever was declared before it', async () => {
    await declare(await signed({}))
    const corrected = await signed({ scope: 'region:NCR' })
    expect(await declare(corrected)).toEqual(await declare(corrected))
    expect((await shown('drill')).statement).toEqual(corrected)
  })

  it('an older statement does not replace a newer one', async () => {
    const older = await signed({ scope: 'region:NCR' })
    await declare(older)
    const newer = await signed({})
    await declare(newer)
    await expect(declare(older)).rejects.toMatchObject({ code: 'HMS_FREEZE_OTHER', status: 409 })
    expect(await shown('drill')).toMatchObject({ scope: 'global', statement: newer })
  })

  it('does not come back after another was declared and lifted', async () => {
    const first = await signed({ id: 'stop-the-line' })
    await declare(first)
    await press.lift('stop-the-line')
    await declare(await signed({ id: 'stop-the-line' }))
    const { lifted } = await press.lift('stop-the-line')
    await press.passes(9 * 60_000)
    await expect(declare(first)).rejects.toMatchObject({ code: 'HMS_FREEZE_OTHER', status: 409 })
    expect((await shown('stop-the-line')).lifted).toMatchObject(lifted!)
  })

  it('that was signed ahead of time counts once for as long as it would count', async () => {
    const ahead = await signed({}, { at: hoursAgo(-9 / 60) })
    await declare(ahead)
    await declare(await signed({}))
    await press.passes(18 * 60_000)
    await declare(await signed({ id: 'other' }))
    await expect(declare(ahead)).rejects.toMatchObject({ code: 'HMS_FREEZE_OTHER' })
    await press.passes(2 * 60_000)
    await expect(declare(ahead)).rejects.toMatchObject({ code: 'HMS_FREEZE_STATEMENT_EXPIRED' })
  })

  it('one that was signed for another installation is refused', async () => {
    await expect(declare(await signed({}, { installation: NOBODYS }))).rejects.toMatchObject({ code: 'HMS_FREEZE_OTHER', status: 409 })
    expect(await press.api.get('/v1/freezes')).toEqual([])
    const declaration = await signed({})
    await declare(declaration)
    const lift = { id: 'drill', declared: digestOfPayload(declaration), reason: 'over' }
    const elsewhere = await signLift(lift, { ...press.signedFor(), installation: NOBODYS }, person('EPA Chief'))
    const lifted = press.api.post('/v1/freezes/drill/lift', { statement: elsewhere })
    await expect(lifted).rejects.toMatchObject({ code: 'HMS_FREEZE_OTHER', status: 409 })
    expect((await shown('drill')).lifted).toBeNull()
  })

  it('is declared by one person so often that the others still can', async () => {
    const approver = system.host.runtimes.get('approver')!
    const until = new Date(system.clock.now().getTime() + 600_000).toISOString()
    const chief = system.roster.principalByName('EPA Chief')!.id
    await approver.database.transaction(async (tx) => {
      for (let index = 0; index < 1_000; index++) await tx.documents(DECLARATIONS).put({ id: `${index}`, person: chief, expiresAt: until })
    })
    await expect(declare(await signed({}))).rejects.toMatchObject({ code: 'HMS_FREEZE_LIMIT', status: 409 })
    await declare(await signed({}, { by: person('EPA Counsel') }))
  })

  it('is still believed by a stage where it was kept before statements named their installation', async () => {
    const approver = system.host.runtimes.get('approver')!
    const at = system.clock.now().toISOString()
    const freeze: FreezeRecord = { ...DRILL, by: 'EPA Chief', declaredAt: at, statement: await unnamed(), lifted: null }
    await approver.database.transaction((tx) => approver.outbox.emit(tx, 'hms.freeze.declared.v1', { freeze }, { key: 'drill' }))
    await system.settle()
    await press.whenState(await press.approve(['pm25@1.0.0=35'], { observeMs: 0, bakeMs: 0 }), 'WAITING')
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
  ])('takes effect by its signature alone, whatever approver publishes: one %s blocks nothing', async (_what, sign) => {
    const approver = system.host.runtimes.get('approver')!
    const at = system.clock.now().toISOString()
    const freeze: FreezeRecord = { ...DRILL, by: 'EPA Chief', declaredAt: at, statement: await sign(), lifted: null }
    await approver.database.transaction((tx) => approver.outbox.emit(tx, 'hms.freeze.declared.v1', { freeze }, { key: 'drill' }))
    await system.settle()
    await press.whenState(await press.approve(['pm25@1.0.0=35'], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')
  })
})
