import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { signApproval } from '#libs/client'
import type { AcceptedDecision, Envelope, PreparedApproval, RunView } from '#libs/contracts'
import {
  generateKeyPair,
  localSigner,
  signDecision,
  STATEMENT_TYPE,
  signRunDecision,
  type RosterPredicate,
  type Signer,
} from '#libs/signing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const LONG = { share: 10_000, scope: 'region:NCR', observeMs: 3_600_000, bakeMs: 0 }
/** Ozone is for two offices; the others are known people who may not approve it. */
const roster = ({ roles }: RosterPredicate): void =>
  void roles.push({ name: 'ozone-office', principals: ['epa-chief', 'air-office'], threshold: 1, match: { idPrefix: 'ozone' } })

describe('a decision about a run', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let run: number
  let view: RunView

  beforeEach(async () => {
    system = await startMemorySystem({}, undefined, roster)
    press = new PipelineDriver(system)
    run = await press.approve(['ozone@1.0.0=70'], LONG, { author: 'Air Office' })
    await press.whenState(run, 'CANARY')
    view = await press.show(run)
  })
  afterEach(() => system.stop())

  type Said = Partial<Parameters<typeof signRunDecision>[0]>
  const statement = (signer: Signer, said: Said = {}) =>
    signRunDecision({ run, attempt: 1, subject: view.digest, decision: 'abort', reason: 'attack', at: system.clock.now(), ...said }, signer)
  const person = (name: string): Signer => system.signers.get(name)!
  const submit = (body: unknown, of = run): Promise<RunView> => press.api.post<RunView>(`/v1/runs/${of}/decisions`, { statement: body })
  const hoursAgo = (hours: number): Date => new Date(system.clock.now().getTime() - hours * 3_600_000)

  it.each<[string, string, () => unknown]>([
    ['a signer who is not in the roster', 'HMS_APPROVER_SIGNER_UNKNOWN', () => statement(localSigner(generateKeyPair().privateKey))],
    ['the operator', 'HMS_APPROVER_SIGNER_UNKNOWN', () => statement(system.operator)],
    ['a person who may not approve these policies', 'HMS_RUN_DECISION_NOT_ALLOWED', () => statement(person('EPA Counsel'))],
    [
      'a signer whose statement was changed',
      'HMS_APPROVER_SIGNATURE_INVALID',
      async () => {
        const signed = await statement(person('EPA Chief'))
        return {
          ...signed,
          payload: Buffer.from(Buffer.from(signed.payload, 'base64').toString().replace('attack', 'other!')).toString('base64'),
        }
      },
    ],
    ['a person, about another run', 'HMS_RUN_DECISION_OTHER', () => statement(person('EPA Chief'), { run: run + 1 })],
    [
      'a person, about another release',
      'HMS_RUN_DECISION_OTHER',
      () => statement(person('EPA Chief'), { subject: `sha256:${'0'.repeat(64)}` }),
    ],
    [
      'a person, with an unknown decision',
      'HMS_RUN_DECISION_OTHER',
      () => statement(person('EPA Chief'), { decision: 'annul' as 'abort' }),
    ],
    ['a person without a reason', 'HMS_RUN_DECISION_OTHER', () => statement(person('EPA Chief'), { reason: ' ' })],
    ['a person with an endless reason', 'HMS_RUN_DECISION_OTHER', () => statement(person('EPA Chief'), { reason: 'x'.repeat(1_001) })],
    ['a person, hours ago', 'HMS_RUN_DECISION_EXPIRED', () => statement(person('EPA Chief'), { at: hoursAgo(1) })],
    ['a person, about an attempt that has ended', 'HMS_RUN_DECISION_LATE', () => statement(person('EPA Chief'), { attempt: 0 })],
    [
      'a person, as a rejection',
      'HMS_APPROVER_SIGNATURE_INVALID',
      () => signDecision({ subject: view.digest, decision: 'abort', reason: 'attack', at: system.clock.now() }, person('EPA Chief')),
    ],
    ['no signer at all', 'HMS_APPROVER_SIGNATURE_INVALID', () => ({})],
  ])('is refused: %s', async (_who, code, make) => {
    await expect(submit(await make())).rejects.toMatchObject({ code })
    await system.settle()
    expect(await press.show(run)).toMatchObject({ state: 'CANARY', decisions: [] })
  })

  it('counts for one run: what aborted this one aborts no other', async () => {
    const abort = await statement(person('EPA Chief'))
    await submit(abort)
    await press.whenState(run, 'ABORTED')
    const next = await press.approve(['ozone@1.1.0=69'], LONG)
    await press.whenState(next, 'CANARY')
    await expect(submit(abort, next)).rejects.toMatchObject({ code: 'HMS_RUN_DECISION_OTHER' })
    expect((await submit(abort)).decisions).toHaveLength(1)
  })

  it('lets an author withdraw, and never promote', async () => {
    const canary = system.host.runtimes.get('canary-controller')!
    const pause = { run, attempt: 1, reason: 'NO_EVIDENCE', detail: 'test', label: 'Canary' }
    await canary.database.transaction((tx) => canary.outbox.emit(tx, 'hms.canary.paused.v1', pause, { key: 'ozone', run, attempt: 1 }))
    await press.whenState(run, 'PAUSED')
    await expect(submit(await statement(person('Air Office'), { decision: 'promote' }))).rejects.toMatchObject({
      code: 'HMS_RUN_DECISION_NOT_ALLOWED',
      status: 403,
    })
    await submit(await statement(person('Air Office')))
    await press.whenState(run, 'ABORTED')
  })

  it.each([
    ['of a person who may not decide', () => statement(person('EPA Counsel'))],
    ['of something else', () => statement(person('EPA Chief'), { decision: 'resume' })],
  ])('takes effect by its signature alone, whatever approver publishes: one %s changes nothing', async (_what, sign) => {
    const approver = system.host.runtimes.get('approver')!
    const forged: AcceptedDecision = {
      run,
      attempt: 1,
      id: `sha256:${'1'.repeat(64)}`,
      decision: 'abort',
      stage: 'canary',
      by: 'EPA Chief',
      reason: 'forged',
      statement: await sign(),
    }
    await approver.database.transaction((tx) =>
      approver.outbox.emit(tx, 'hms.run.decision-accepted.v1', forged, { key: 'ozone', run, attempt: 1 }),
    )
    await system.settle()
    expect(await press.api.get(`/v1/canaries/${run}`)).toMatchObject({ state: 'observing' })
  })

  it.each<[string, (press: PipelineDriver) => Promise<Envelope>]>([
    ['has no signatures', async () => envelopeOf(await press.prepare(['ozone@2.0.0=60'], {}, { supersede: true }))],
    [
      'a person signed who may not approve it',
      async () => signedBy(await press.prepare(['ozone@2.0.0=60'], {}, { supersede: true }), 'EPA Counsel'),
    ],
    ['is of another policy', async () => signedBy(await press.prepare(['lead@1.0.0=9']), 'EPA Chief')],
    ['is the run’s own', async () => signedBy(await press.prepare(['ozone@1.0.0=70']), 'EPA Chief')],
  ])('supersedes no run, whatever approver publishes, by a release that %s', async (_what, make) => {
    const forged: AcceptedDecision = {
      run,
      attempt: 1,
      id: `sha256:${'2'.repeat(64)}`,
      decision: 'supersede',
      stage: 'canary',
      by: 'run #9',
      reason: 'forged',
      statement: await make(press),
    }
    const approver = system.host.runtimes.get('approver')!
    await approver.database.transaction((tx) =>
      approver.outbox.emit(tx, 'hms.run.decision-accepted.v1', forged, { key: 'ozone', run, attempt: 1 }),
    )
    await system.settle()
    expect(await press.api.get(`/v1/canaries/${run}`)).toMatchObject({ state: 'observing' })
  })

  function envelopeOf({ releases }: PreparedApproval, signatures: Envelope['signatures'] = []): Envelope {
    return { payload: releases[0]!.payload, payloadType: STATEMENT_TYPE, signatures }
  }

  async function signedBy(prepared: PreparedApproval, name: string): Promise<Envelope> {
    const signatures = await signApproval(prepared, person(name))
    return envelopeOf(
      prepared,
      signatures.map(({ keyid, sig }) => ({ keyid, sig })),
    )
  }
})
