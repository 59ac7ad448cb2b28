import { packDossier, textOf, type ReleaseDocument } from '#libs/contracts'
import { MemoryDatabase } from '#libs/persistence/testing'
import { VirtualClock } from '#libs/platform/testing'
import type { ServiceRuntime } from '#libs/service'
import { buildRelease, signEnvelope, type TestResult } from '#libs/signing'
import { expect, it } from 'vitest'
import { testIdentity } from '../../../../test/support/identity.js'
import { LintRun } from './lint-run.js'

const PLAN = { share: 500, scope: 'global', scopeName: 'everyone', observeMs: 0, bakeMs: 0, partners: null }

async function releaseOf(id: string, partners: string[]): Promise<ReleaseDocument> {
  const policy = { id, version: '1.0.0', effective: '2026-01-01T00:00:00Z', partners }
  const history = { releaseEpoch: 1, previous: null, fallbacks: [], author: null }
  const times = { preparedAt: '2026-01-01T00:00:00Z', expires: '2026-01-08T00:00:00Z' }
  const built = buildRelease({ policy, scopes: ['global'], plan: PLAN, ...history, ...times })
  const names = { id, version: '1.0.0', policyDigest: built.policyDigest, releaseDigest: built.digest }
  return { ...names, releaseEpoch: 1, envelope: await signEnvelope(built.payload, []) }
}

it('attests no release as passed whose findings did not fit into the event', async () => {
  const database = new MemoryDatabase(new VirtualClock())
  const signer = (await testIdentity()).serviceSigner('linter')
  const lintRun = new LintRun({ database, signer, profile: 'dev' } as unknown as ServiceRuntime)
  const unknown = (count: number): string[] => Array.from({ length: count }, (_, index) => `${'x'.repeat(90)}-${index}`)
  const releases = await Promise.all([releaseOf('many', unknown(900)), releaseOf('omitted', unknown(1)), releaseOf('last', unknown(1))])
  const live = Object.fromEntries(releases.map(({ id }) => [id, null]))
  const dossier = packDossier({ run: 7, attempt: 1, releases, live, used: {}, plan: PLAN })
  const linted = (await database.transaction((tx) => lintRun['judge'](tx, dossier))) as { attestation: { payload: string } }
  const { predicate } = JSON.parse(textOf(Buffer.from(linted.attestation.payload, 'base64'))) as { predicate: TestResult }
  expect(predicate).toMatchObject({ result: 'WARNED', passedTests: [] })
  expect(new Set(predicate.warnedTests.map((name) => name.split('@')[0]))).toEqual(new Set(['many', 'omitted', 'last']))
})
