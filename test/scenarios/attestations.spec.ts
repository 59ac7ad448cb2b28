import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Envelope, type EventData, type OutgoingEvent, type ReceivedEvent, type RunDossier, textOf } from '#libs/contracts'
import { MemoryBus } from '#libs/messaging/testing'
import type { Transaction } from '#libs/persistence'
import { digestOfJson, openEnvelope, signVerificationResult, withAttestation } from '#libs/signing'
import { ServiceRuntime } from '#libs/service'
import { RunCanary } from '../../apps/canary-controller/src/canaries/run-canary.js'
import { LintRun } from '../../apps/linter/src/lint-run/lint-run.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'
import { predicateOf } from '../simulation/predicate-of.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }

/** What was said on the bus. */
class HeardBus extends MemoryBus {
  readonly heard: OutgoingEvent[] = []

  override async publish(events: readonly OutgoingEvent[]): ReturnType<MemoryBus['publish']> {
    this.heard.push(...events)
    return super.publish(events)
  }

  data<T extends keyof EventData>(type: T): EventData[T][] {
    return this.heard.filter((event) => event.type === type).map((event) => predicateOf(event).data as unknown as EventData[T])
  }
}

function statementOf(envelope: Envelope | undefined): { subject: unknown; predicateType: string; predicate: Record<string, unknown> } {
  return JSON.parse(textOf(openEnvelope(envelope).payload))
}

describe('what a stage found', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let bus: HeardBus

  beforeEach(async () => {
    bus = new HeardBus()
    system = await startMemorySystem({}, bus)
    press = new PipelineDriver(system)
  })

  afterEach(async () => {
    vi.restoreAllMocks()
    await system.stop()
  })

  it('is attested as in-toto’s test result and verification result, by its own key, for the releases of this attempt', async () => {
    const run = await press.approve(['pm25-limit@1.0.0=35', 'ozone-limit@1.0.0=70'], AT_ONCE)
    await press.whenState(run, 'SUCCEEDED')
    const { dossier } = bus.data('hms.rollout.completed.v1')[0]!
    const { lint, simulate, canary } = dossier.attestations!
    const subject = dossier.releases.map(({ id, version, releaseDigest }) => ({
      name: `${id}@${version}`,
      digest: { sha256: releaseDigest.slice('sha256:'.length) },
    }))
    const attempt = { 'https://hms-svc.dev/attestation/attempt/v1': { run, attempt: 1 } }
    expect(statementOf(lint)).toMatchObject({
      subject,
      predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
      predicate: {
        ...attempt,
        result: 'PASSED',
        configuration: [{ name: 'lint', uri: 'https://hms-svc.dev/lint/v1' }],
        passedTests: ['ozone-limit@1.0.0', 'pm25-limit@1.0.0'],
        warnedTests: [],
        failedTests: [],
      },
    })
    expect(statementOf(simulate)).toMatchObject({
      subject,
      predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
      predicate: { ...attempt, result: 'WARNED', passedTests: [] },
    })
    expect(statementOf(canary)).toMatchObject({
      subject,
      predicateType: 'https://in-toto.io/attestation/svr/v0.2',
      predicate: {
        ...attempt,
        verifier: { id: 'https://hms-svc.dev/verifier/canary/v2', policies: [] },
        properties: ['HMS_SVC_CANARY_PASSED'],
      },
    })
  })

  it('names a scenario by one digest in every stage', async () => {
    const source = 'id: pm25-violation\npolicies: [pm25-limit]\ncorpus: none\nalert: reading.pm25 > 25.0\nboundary: { pm25: [25] }\n'
    await press.api.post('/v1/scenarios', { file: 's.yaml', source })
    await press.whenState(await press.approve(['pm25-limit@1.0.0=35'], AT_ONCE), 'SUCCEEDED')
    const { simulate, canary } = bus.data('hms.rollout.completed.v1')[0]!.dossier.attestations!
    const { configuration } = statementOf(simulate).predicate as { configuration: { name: string }[] }
    const { policies } = statementOf(canary).predicate['verifier'] as { policies: unknown[] }
    const sha256 = digestOfJson({ id: 'pm25-violation', policies: ['pm25-limit'], alert: 'reading.pm25 > 25.0' }).slice('sha256:'.length)
    expect(policies).toEqual([{ name: 'scenario pm25-violation', digest: { sha256 } }])
    expect(configuration.filter(({ name }) => name.startsWith('scenario '))).toEqual(policies)
  })

  it('is attested for a refusal too', async () => {
    await press.whenState(await press.approve(['pm25-limit@1.0.0=35'], AT_ONCE), 'SUCCEEDED')
    await press.whenState(await press.approve(['pm25-limit@1.0.1=25'], AT_ONCE), 'FAILED')
    expect(statementOf(bus.data('hms.lint.failed.v1')[0]!.attestation).predicate).toMatchObject({
      result: 'FAILED',
      passedTests: [],
      failedTests: [expect.stringContaining('pm25-limit@1.0.1 ')],
    })
  })

  /** A canary controller that was broken into: it has its own key, and lets everything through. */
  const letThrough = (
    say: (tx: Transaction, dossier: RunDossier, cause: ReceivedEvent, runtime: ServiceRuntime) => Promise<RunDossier>,
  ): void => {
    const canaries = system.host.app.get(RunCanary, { strict: false })
    const { runtime } = canaries.shell as unknown as { runtime: ServiceRuntime }
    vi.spyOn(canaries, 'open').mockImplementation(async (tx, { dossier }, cause) => {
      const { run, attempt } = dossier
      const data = { dossier: await say(tx, dossier, cause, runtime), summary: 'fine', label: 'Canary' }
      await runtime.outbox.emit(tx, 'hms.canary.passed.v1', data, { key: cause.key, run, attempt, causationId: cause.id })
    })
  }
  const refused = async (policy: string): Promise<string | undefined> => {
    const run = await press.approve([policy], AT_ONCE)
    await press.whenState(run, 'ROLLED_BACK')
    const { reason, stages } = await press.show(run)
    return [reason, ...stages.filter(({ verdict }) => verdict === 'FAIL').map(({ stage, detail }) => `${stage}: ${detail}`)].join('; ')
  }
  const held = (dossier: RunDossier, runtime: ServiceRuntime): Promise<Envelope> =>
    signVerificationResult(
      {
        verifier: { id: 'https://hms-svc.dev/verifier/canary/v2', policies: [] },
        timeCreated: new Date().toISOString(),
        properties: ['HMS_SVC_CANARY_PASSED'],
      },
      dossier,
      runtime.signer,
    )

  it('is required: a run that bypassed its linter gets no canary', async () => {
    const linter = system.host.app.get(LintRun, { strict: false })
    const runtime = (linter as unknown as { runtime: ServiceRuntime }).runtime
    vi.spyOn(linter, 'execute').mockImplementation(async (tx, dossier, cause) => {
      const { run, attempt } = dossier
      await runtime.outbox.emit(
        tx,
        'hms.lint.passed.v1',
        { dossier, findings: [] },
        { key: cause.key, run, attempt, causationId: cause.id },
      )
    })
    expect(await refused('pm25-limit@1.0.0=35')).toBe('UNATTESTED; canary: linter does not say that it let these releases through')
  })

  it('is required: a canary controller alone makes nothing live', async () => {
    letThrough(async (_tx, dossier, _cause, runtime) =>
      withAttestation({ ...dossier, attestations: {} }, 'canary', await held(dossier, runtime)),
    )
    expect(await refused('pm25-limit@1.0.0=35')).toBe('UNATTESTED; rollout: linter does not say that it let these releases through')
    letThrough(async (_tx, dossier) => dossier)
    expect(await refused('pm25-limit@1.0.1=35')).toBe(
      'UNATTESTED; rollout: canary-controller does not say that it let these releases through',
    )
  })

  it('is required of this run: an attestation of another run, or by another key, has no effect', async () => {
    let earlier: RunDossier['attestations']
    letThrough(async (_tx, dossier, _cause, runtime) => {
      earlier ??= dossier.attestations
      return withAttestation({ ...dossier, attestations: { ...earlier } }, 'canary', await held(dossier, runtime))
    })
    await press.whenState(await press.approve(['pm25-limit@1.0.0=35'], AT_ONCE), 'SUCCEEDED')
    expect(await refused('pm25-limit@1.1.0=36')).toContain('the word of linter on these releases does not verify: ')
    letThrough(async (_tx, dossier, _cause, runtime) => {
      const own = await held(dossier, runtime)
      return { ...dossier, attestations: { lint: own, simulate: own, canary: own } }
    })
    expect(await refused('pm25-limit@1.2.0=37')).toContain('the word of linter on these releases does not verify: ')
  })
})
