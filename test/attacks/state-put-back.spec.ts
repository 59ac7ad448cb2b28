import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSnapshot } from '#libs/client'
import { peekPredicate, type AuditEntry, type ConfigDocument, type Envelope } from '#libs/contracts'
import { MemoryBus } from '#libs/messaging/testing'
import {
  generateKeyPair,
  localSigner,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  rawPublicKey,
  signFreshness,
  signHead,
  STABLE_SCOPE,
  stableDigest,
  StableTree,
  vkeyOf,
  type HeadPredicate,
  type RosterPredicate,
} from '#libs/signing'
import { runForTest, type CliRun } from '../../apps/cli/src/testing/run-cli.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const log = generateKeyPair()
const witness = generateKeyPair()

function withLog(roster: RosterPredicate): void {
  roster.log = vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(log.publicKey))
  roster.witnesses = [vkeyOf('example.org/witness', NOTE_COSIGNATURE, rawPublicKey(witness.publicKey))]
  roster.quorum = 1
}

/**
 * The owner of the database puts back the rows of rollout and of config-store together: rollout then signs a freshness statement on the
 * earlier heads, and every signature is valid. Only the log has the newer heads.
 */
describe('audit verify of a state that was put back whole', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hms-put-back-'))
  let system: MemorySystem
  let press: PipelineDriver
  let front: Server
  let first: ConfigDocument[]
  let newest: ConfigDocument[]
  let isEarlier = false
  /** Documents served, with rollout's statement on them. */
  let served: ConfigDocument[]
  /** Changes the entries of `GET /v1/audit/entries`. */
  let changed: (entries: AuditEntry[]) => AuditEntry[]

  beforeAll(async () => {
    system = await startMemorySystem({}, new MemoryBus(), withLog, async (name) =>
      localSigner((name === 'audit-log' ? log : witness).privateKey),
    )
    writeFileSync(join(folder, 'roster.json'), JSON.stringify(system.roster.envelope))
    press = new PipelineDriver(system)
    front = await startFront()
    await live('ozone@1.0.0=70')
    await live('pm25@1.0.0=35')
    first = await readSnapshot(press.api)
    await live('pm25@2.0.0=25')
    await atRest()
    newest = await readSnapshot(press.api)
  })
  afterAll(async () => {
    await new Promise((closed) => front.close(closed))
    await system.stop()
    rmSync(folder, { recursive: true })
  })

  const live = async (policy: string): Promise<void> => {
    const run = await press.approve([policy], { observeMs: 0, bakeMs: 0 })
    await system.runUntil(async () => (await press.show(run)).state === 'SUCCEEDED', 300_000)
  }
  /** Until each event is under a checkpoint. */
  const atRest = async (): Promise<void> => {
    for (let second = 0; second < 10; second++) {
      await system.settle()
      system.clock.advanceTo(system.clock.now().getTime() + 1_000)
    }
    await system.settle()
  }
  const freshness = (): Promise<Envelope> => {
    const heads = served.filter(({ scope }) => scope === STABLE_SCOPE).map(({ id, seq, digest }) => ({ policy: id, seq, current: digest }))
    const now = system.clock.now().getTime()
    const [issuedAt, expires] = [new Date(now).toISOString(), new Date(now + 300_000).toISOString()]
    const said = { stable: stableDigest(heads), tree: new StableTree(heads).root, roster: system.roster.version, issuedAt, expires }
    return signFreshness(said, system.signerOf('rollout'))
  }
  /** The services, but for the rows that were put back. */
  async function startFront(): Promise<Server> {
    const server = createServer(async (request, response) => {
      const path = request.url!
      const type = 'application/json'
      if (path.startsWith('/v1/snapshot')) {
        const frame = { type: 'snapshot', revision: 9, changes: [], documents: path.includes('policies=') ? [] : served }
        response.writeHead(200, { 'content-type': type })
        response.end(JSON.stringify({ ...frame, freshness: await freshness() }))
        return
      }
      const isEntries = path.startsWith('/v1/audit/entries')
      if (isEntries && isEarlier) {
        const code = 'HMS_HTTP_QUERY_INVALID'
        response.writeHead(400, { 'content-type': 'application/problem+json' })
        return response.end(JSON.stringify({ type: `/docs/errors/${code}`, status: 400, code, detail: 'property signed should not exist' }))
      }
      const real = await fetch(`${system.url}${path}`)
      const bytes = Buffer.from(await real.arrayBuffer())
      response.writeHead(real.status, { 'content-type': real.headers.get('content-type') ?? type })
      response.end(isEntries ? JSON.stringify(changed(JSON.parse(bytes.toString()) as AuditEntry[])) : bytes)
    })
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
    return server
  }
  const verify = (documents: ConfigDocument[], change: typeof changed = (entries) => entries): Promise<CliRun> => {
    served = documents
    changed = change
    const env = {
      HMS_URL: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
      HMS_ROSTER: join(folder, 'roster.json'),
      HMS_DATA_DIR: join(folder, 'none'),
    }
    return runForTest(['audit', 'verify'], { env, now: () => system.clock.now().getTime() })
  }

  it('passes on the newest state', async () => {
    expect(await verify(newest)).toMatchObject({ code: 0, stderr: '' })
  })

  it('names the policy, what is served and what the log has, and exits 10', async () => {
    const { code, stderr } = await verify(first)
    expect(code).toBe(10)
    expect(stderr).toMatch(
      /pm25: config-store serves 1\.0\.0 \(head 1, revision \d+\), and the log has 2\.0\.0 \(head 2, revision \d+\), stored after it/,
    )
    expect(stderr).toContain("rollout's freshness statement matches the served heads")
    expect(stderr).toContain('hms-svc policies restore pm25')
    expect(stderr).not.toContain('ozone')
  })

  it('does not pass where the audit service sends no events, as earlier builds do', async () => {
    isEarlier = true
    const { code, stderr } = await verify(first).finally(() => (isEarlier = false))
    expect([code, stderr]).toEqual([10, expect.stringContaining('as earlier builds do: the served heads are not compared with the log')])
  })

  it('names a policy of which no head is served', async () => {
    const { code, stderr } = await verify(newest.filter(({ id }) => id !== 'ozone'))
    expect([code, stderr]).toEqual([10, expect.stringContaining('ozone: config-store serves no head of it, and the log has 1.0.0 (head 1')])
  })

  it('counts no release that comes again under a number which the log has for another', async () => {
    const old = first.find(({ id }) => id === 'pm25')!
    const predicate = peekPredicate<HeadPredicate>(newest.find(({ id }) => id === 'pm25')!.head)
    const head = await signHead({ ...predicate, current: old.digest }, system.signerOf('rollout'))
    const { code, stderr } = await verify([...newest.filter(({ id }) => id !== 'pm25'), { ...old, seq: predicate.seq, head }])
    expect([code, stderr]).toEqual([10, expect.stringContaining('and the log has 2.0.0 (head 2, revision ')])
    expect(stderr).toContain('one number for two releases')
  })

  it.each<[string, (entry: AuditEntry) => AuditEntry, string]>([
    ['is hidden', ({ signed: _event, ...entry }) => entry, 'the event is missing that the log keeps with this entry'],
    [
      'names an earlier head',
      (entry) => ({ ...entry, signed: entry.signed && inPayload(entry.signed, '"seq":2', '"seq":1') }),
      'the event is not the event of this entry',
    ],
    [
      'has no signatures',
      (entry) => ({ ...entry, signed: entry.signed && { ...entry.signed, signatures: [] } }),
      'signed by no one, who may not sign this',
    ],
  ])('does not pass where the event of a stored head %s', async (_what, change, detail) => {
    const { code, stderr } = await verify(first, (entries) => entries.map((entry) => (isSecond(entry) ? change(entry) : entry)))
    expect([code, stderr]).toEqual([10, expect.stringContaining(detail)])
    expect(stderr).toMatch(/entry \d+/)
  })
})

/** Whether it is the entry by which 2.0.0 came into force. */
function isSecond({ signed }: AuditEntry): boolean {
  return signed !== undefined && Buffer.from(signed.payload, 'base64').toString().includes('"seq":2')
}

function inPayload(envelope: Envelope, from: string, to: string): Envelope {
  return { ...envelope, payload: Buffer.from(Buffer.from(envelope.payload, 'base64').toString().replace(from, to)).toString('base64') }
}
