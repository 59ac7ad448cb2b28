import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { peekPredicate, type StreamFrame } from '#libs/contracts'
import { MemoryBus } from '#libs/messaging/testing'
import {
  FRESHNESS_LIFE_MS,
  generateKeyPair,
  localSigner,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  rawPublicKey,
  signFreshness,
  stableDigest,
  vkeyOf,
  type StableHead,
} from '#libs/signing'
import { runForTest } from '../../apps/cli/src/testing/run-cli.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const log = generateKeyPair()
const witness = generateKeyPair()
const folder = mkdtempSync(join(tmpdir(), 'hms-bundle-'))
let system: MemorySystem
let press: PipelineDriver

beforeAll(async () => {
  system = await startMemorySystem(
    {},
    new MemoryBus(),
    (roster) => {
      roster.log = vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(log.publicKey))
      roster.witnesses = [vkeyOf('example.org/witness', NOTE_COSIGNATURE, rawPublicKey(witness.publicKey))]
      roster.quorum = 1
    },
    async (name) => localSigner((name === 'audit-log' ? log : witness).privateKey),
  )
  writeFileSync(join(folder, 'roster.json'), JSON.stringify(system.roster.envelope))
  press = new PipelineDriver(system)
})
afterAll(async () => {
  await system.stop()
  rmSync(folder, { recursive: true })
})

/** The log lists releases by digest, the stages in the order of the bundle: verification reported that no stage had passed it. */
it('a bundle verifies in the log in whatever order its members are listed', async () => {
  const members = Array.from({ length: 6 }, (_, at) => `member-${at}@1.0.0=1`)
  const run = await press.approve(members, { observeMs: 0, bakeMs: 0 })
  await system.runUntil(async () => (await press.show(run)).state === 'SUCCEEDED', 300_000)
  for (let second = 0; second < 10; second++) {
    await system.settle()
    system.clock.advanceTo(system.clock.now().getTime() + 1_000)
  }
  await system.settle()
  await publishFreshness()
  const env = { HMS_URL: system.url, HMS_ROSTER: join(folder, 'roster.json'), HMS_DATA_DIR: join(folder, 'data') }
  const verified = await runForTest(['audit', 'verify', '--json'], { env, now: () => system.clock.now().getTime() })
  expect([verified.stderr, verified.code]).toEqual(['', 0])
  expect(JSON.parse(verified.stdout)).toMatchObject({ runs: 1, live: members.length })
})

/** Without an address of config-store rollout publishes no freshness statement of its own in this system. */
async function publishFreshness(): Promise<void> {
  const { documents } = await press.api.get<StreamFrame>('/v1/snapshot')
  const heads = documents.filter(({ scope }) => scope === 'global').map(({ head }) => peekPredicate<StableHead>(head))
  const nowMs = system.clock.now().getTime()
  const [issuedAt, expires] = [nowMs, nowMs + FRESHNESS_LIFE_MS].map((ms) => new Date(ms).toISOString()) as [string, string]
  const said = { stable: stableDigest(heads), roster: system.roster.version, issuedAt, expires }
  await press.api.post('/v1/freshness', { freshness: await signFreshness(said, system.signerOf('rollout')) })
}
