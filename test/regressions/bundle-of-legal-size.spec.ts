import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareApproval, signApproval, submitApproval } from '#libs/client'
import { isTerminal, MAX_POLICIES_OF_RUN, peekPredicate, type Envelope, type PreparedApproval, type RunDossier } from '#libs/contracts'
import { MemoryBus, MemoryLog } from '#libs/messaging/testing'
import { parsePolicy, type PolicyDocument } from '#libs/policy'
import {
  generateKeyPair,
  localSigner,
  MAX_EVENT_BYTES,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  rawPublicKey,
  spkiToKey,
  vkeyOf,
} from '#libs/signing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const MIB = 1024 * 1024
const QUICK = { observeMs: 0, bakeMs: 0 }

/** All that was sent, with the size of what was signed. */
class MeasuredBus extends MemoryBus {
  constructor(private readonly kept = new MemoryLog()) {
    super(kept)
  }

  lastDossier(): RunDossier {
    const { value } = this.kept.topic('hms.approval.v1').at(-1)!
    return peekPredicate<{ data: { dossier: RunDossier } }>(JSON.parse(value!) as Envelope).data.dossier
  }

  largestOn(...topics: string[]): number {
    return Math.max(
      ...topics.flatMap((topic) =>
        this.kept.topic(topic).map(({ value }) => Buffer.from((JSON.parse(value!) as Envelope).payload, 'base64').length),
      ),
    )
  }
}

/** A legal bundle was accepted, outgrew what can be signed on its way, and stayed in its state for ever. */
describe('a run', () => {
  let bus: MeasuredBus
  let system: MemorySystem
  let press: PipelineDriver
  beforeAll(async () => {
    const [log, witness] = [generateKeyPair(), generateKeyPair()]
    bus = new MeasuredBus()
    const vkeys = {
      log: vkeyOf('test.example/log', NOTE_ED25519, rawPublicKey(spkiToKey(log.spki))),
      witnesses: [vkeyOf('test.example/witness', NOTE_COSIGNATURE, rawPublicKey(spkiToKey(witness.spki)))],
    }
    system = await startMemorySystem(
      {},
      bus,
      (roster) => void Object.assign(roster, { ...vkeys, quorum: 1 }),
      async (name) => localSigner((name === 'witness' ? witness : log).privateKey),
    )
    press = new PipelineDriver(system)
  })
  afterAll(() => system.stop())

  const policy = (id: string, version: string, bytes: number, more = ''): PolicyDocument => {
    const parsed = parsePolicy(
      `id: ${id}\nversion: ${version}\neffective: 2024-09-01T00:00:00Z\nlimit: ${Number(version.split('.')[0])}\npad: "${'x'.repeat(bytes)}"\n${more}`,
      `${id}.yaml`,
    )
    if (!parsed.ok) throw new Error(parsed.findings[0]!.message)
    return parsed.source.policy
  }
  /** As many policies as a run may have, or fewer larger ones, which are close to 320 KiB together. */
  const bundle = (of: string, count: number, version: string): PolicyDocument[] =>
    Array.from({ length: count }, (_, at) => policy(`${of}${String(at).padStart(3, '0')}`, version, Math.floor((319 * 1024) / count) - 110))
  const prepare = (policies: PolicyDocument[]): Promise<PreparedApproval> => prepareApproval(press.api, policies, QUICK, {})
  const live = async (policies: PolicyDocument[]): Promise<string> => {
    const prepared = await prepare(policies)
    const { run } = await submitApproval(press.api, prepared, await signApproval(prepared, system.signers.get('EPA Chief')!))
    await system.runUntil(async () => isTerminal((await press.show(run!)).state), 5 * 60_000)
    return (await press.show(run!)).state
  }

  it.each([
    ['twenty policies', 'p', 20],
    ['as many policies as it may have', 'q', MAX_POLICIES_OF_RUN],
  ])(
    'of %s of the largest legal size goes through, twice, and its events carry both versions',
    async (_what, of, count) => {
      expect(await live(bundle(of, count, '1.0.0'))).toBe('SUCCEEDED')
      expect(await live(bundle(of, count, '2.0.0'))).toBe('SUCCEEDED')
      const largest = bus.largestOn(
        'hms.approval.v1',
        'hms.lint.v1',
        'hms.simulation.v1',
        'hms.canary.v1',
        'hms.rollout.v1',
        'hms.config.head.v1',
      )
      expect(largest).toBeGreaterThan(MIB / 2)
      expect(largest).toBeLessThan(MAX_EVENT_BYTES)
    },
    240_000,
  )

  it('contains of the versions used before only what lint needs', async () => {
    for (let minor = 0; minor < 3; minor++) expect(await live([policy('qqq', `1.${minor}.0`, 10 + minor)])).toBe('SUCCEEDED')
    const { used } = bus.lastDossier()
    expect(used).toEqual({ qqq: [expect.objectContaining({ version: '1.2.0' })] })
  }, 120_000)

  it('that would outgrow its events is refused before a person signs it', async () => {
    const ids = ['rr0', 'rr1', 'rr2', 'rr3', 'rr4', 'rr5', 'rr6', 'rr7']
    for (const id of ids) expect(await live([policy(id, '1.0.0', 255_000)])).toBe('SUCCEEDED')
    await expect(prepare(ids.map((id) => policy(id, '2.0.0', 10)))).rejects.toMatchObject({
      code: 'HMS_APPROVER_RUN_TOO_LARGE',
      status: 413,
    })
    // Fewer at once go.
    expect(await live(ids.slice(0, 3).map((id) => policy(id, '2.0.0', 10)))).toBe('SUCCEEDED')
  }, 240_000)

  it('of thousands of unknown partners has as many findings as an event can contain', async () => {
    const partners = `partners: [${Array.from({ length: 25_000 }, (_, at) => `p${at}`).join(', ')}]\n`
    expect(await live([policy('sss', '1.0.0', 10, partners)])).toBe('SUCCEEDED')
  }, 120_000)

  it('is refused where the plan of a guard rule is too large to travel with all that it speaks of', async () => {
    const guard = 'tags: [guard]\nguard: { kind: cel, rule: "true", message: "never", severity: deny }\n'
    const parsed = parsePolicy(`id: rule\nversion: 1.0.0\neffective: 2024-09-01T00:00:00Z\n${guard}`, 'rule.yaml')
    if (!parsed.ok) throw new Error(parsed.findings[0]!.message)
    const plan = { ...QUICK, partners: Array.from({ length: 100 }, (_, at) => `${at}${'p'.repeat(150)}`) }
    await expect(prepareApproval(press.api, [parsed.source.policy], plan, {})).rejects.toMatchObject({ code: 'HMS_APPROVER_RUN_TOO_LARGE' })
  })
})
