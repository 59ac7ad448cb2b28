import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packDossier, peekPredicate, type ReleaseDocument, type StreamFrame } from '#libs/contracts'
import { buildRelease, localSigner, signEnvelope, signTestResult, type ReleasePredicate, type Signer } from '#libs/signing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }

let system: MemorySystem
let press: PipelineDriver
beforeEach(async () => {
  system = await startMemorySystem()
  press = new PipelineDriver(system)
  await press.whenState(await press.approve(['pm25@1.0.0=35'], AT_ONCE), 'SUCCEEDED')
})
afterEach(() => system.stop())

const person = (name: string): Signer => system.signers.get(name)!
const BOTH = (): Signer[] => [person('EPA Chief'), person('EPA Counsel')]

async function forged(signers: readonly Signer[], change: (release: ReleasePredicate) => void = () => {}): Promise<ReleaseDocument> {
  const { documents } = await press.api.get<StreamFrame>('/v1/snapshot')
  const { release, digest, version } = documents.find(({ id, scope }) => id === 'pm25' && scope === 'global')!
  const { bundle: _bundle, ...before } = peekPredicate<ReleasePredicate>(release!)
  const predicate: Omit<ReleasePredicate, 'bundle'> = structuredClone({
    ...before,
    releaseEpoch: before.releaseEpoch + 1,
    previous: { version: version!, digest: digest! },
    fallbacks: [{ version: version!, digest: digest! }],
    policy: { ...before.policy, version: '2.0.0', limit: 25 },
    plan: { ...before.plan, bakeMs: 1_000 },
    breakGlass: { reason: 'quick' },
    expires: new Date(system.clock.now().getTime() + 60_000).toISOString(),
  })
  change(predicate as ReleasePredicate)
  const built = buildRelease(predicate)
  const { policy, releaseEpoch } = built.predicate
  const envelope = await signEnvelope(built.payload, signers)
  return {
    id: policy.id,
    version: policy.version,
    policyDigest: built.policyDigest,
    releaseDigest: built.digest,
    releaseEpoch,
    envelope,
  }
}

/** What a service with linter's key could send: a release as if lint had let it through. `vouched`: with its attestation. */
async function send(release: ReleaseDocument, { run = 99, vouched = true } = {}): Promise<void> {
  const linter = system.host.runtimes.get('linter')!
  const { plan } = peekPredicate<ReleasePredicate>(release.envelope)
  const { documents } = await press.api.get<StreamFrame>('/v1/snapshot')
  const { release: envelope, digest } = documents.find(({ id, scope }) => id === 'pm25' && scope === 'global')!
  const { policy, releaseEpoch } = peekPredicate<ReleasePredicate>(envelope!)
  const live = { id: 'pm25', version: policy.version, policyDigest: '', releaseDigest: digest!, releaseEpoch, envelope: envelope! }
  const about = { run, attempt: 1, releases: [release] }
  const result = {
    result: 'PASSED' as const,
    configuration: [{ name: 'lint', uri: 'https://example.org' }],
    passedTests: [],
    warnedTests: [],
    failedTests: [],
  }
  const attestation = await signTestResult(result, about, linter.signer)
  const facts = { ...about, live: { pm25: live }, used: { pm25: [] }, plan }
  const dossier = packDossier(vouched ? { ...facts, attestations: { lint: attestation } } : facts)
  await linter.database.transaction((tx) =>
    linter.outbox.emit(tx, 'hms.lint.passed.v1', { dossier, findings: [] }, { key: 'pm25', run, attempt: 1 }),
  )
  await system.settle()
}

describe('a release that comes to rollout straight from lint', () => {
  it('goes live where two people signed it as break-glass', async () => {
    await send(await forged(BOTH()))
    expect(await press.limit('pm25')).toBe(25)
  })

  it.each<[string, () => Signer[], ((release: ReleasePredicate) => void)?]>([
    ['one person signed it', () => [person('EPA Chief')]],
    ['one person and a stranger signed it', () => [person('EPA Chief'), localSigner(generateKeyPairSync('ed25519').privateKey)]],
    ['one of the two wrote it', BOTH, (release) => void (release.author = 'EPA Counsel')],
    [
      'two people approved it as any other: it has its canary first',
      BOTH,
      (release): void => {
        delete release.breakGlass
        release.plan.observeMs = 600_000
      },
    ],
    ['its half hour has expired', BOTH, (release) => void (release.expires = '2026-01-01T00:00:00Z')],
    ['it follows another release', BOTH, (release) => void (release.previous = null)],
    ['its epoch was given before', BOTH, (release) => void (release.releaseEpoch = 1)],
  ])('changes nothing where %s', async (_what, signers, change) => {
    await send(await forged(signers(), change))
    expect(await press.limit('pm25')).toBe(35)
  })

  it('changes nothing where linter does not vouch for it', async () => {
    await send(await forged(BOTH()), { vouched: false })
    expect(await press.limit('pm25')).toBe(35)
  })

  it('counts once: sent again after people went back, it changes nothing', async () => {
    const release = await forged(BOTH())
    await send(release)
    await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '1.0.0' })
    await system.settle()
    await send(release, { run: 100 })
    expect(await press.limit('pm25')).toBe(35)
  })
})
