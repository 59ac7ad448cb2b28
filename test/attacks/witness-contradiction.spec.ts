import { createServer, type RequestListener } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { cosign, formatCheckpoint, generateKeyPair, localSigner, signNote, type LogPolicy } from '#libs/signing'
import { HttpWitness, type WitnessResponse, type WitnessLink } from '#libs/witness'
import { entryFacts, LogInstance, witnessNamed } from '../support/log-instance.js'
import { LOG_POLICY, LOG_SIGNER, WITNESS_SIGNER } from '../support/test-log.js'

const KEY = LOG_POLICY.witnesses[0]!
const ORIGIN = LOG_POLICY.log.name
const oldOf = (text: string): string => text.slice('old '.length, text.indexOf('\n'))

/** What a witness may say against the log without signing it; `text` is what it was asked. */
const UNSIGNED: [string, (text: string) => WitnessResponse][] = [
  ['it saw more entries than there are', () => ({ status: 409, body: '4000000000\n' })],
  ['it saw as many entries as there can be', () => ({ status: 409, body: `${Number.MAX_SAFE_INTEGER}\n` })],
  ['the proof is wrong', () => ({ status: 422, body: '' })],
  ['the proof is wrong, at length', () => ({ status: 422, body: 'x'.repeat(10_000) })],
  ['its size is the one that the log sent', (text) => ({ status: 409, body: oldOf(text) })],
  ['it signed, with a false signature', () => ({ status: 200, body: '— example.org/witness AAAAAAAA\n' })],
]

/** A witness that responds with `word` while `lies` is true, and honestly afterwards. */
class Contradicting implements WitnessLink {
  readonly key
  asked = 0
  lies = true
  /** What it shows as signed; by itself it shows nothing. */
  shown: string | undefined
  private readonly honest = witnessNamed('example.org/contradicting')

  constructor(private readonly word: (text: string) => WitnessResponse) {
    this.key = this.honest.key
  }

  addCheckpoint(text: string): Promise<WitnessResponse> {
    this.asked++
    return this.lies ? Promise.resolve(this.word(text)) : this.honest.addCheckpoint(text)
  }

  async newestCheckpoint(): Promise<string | undefined> {
    return this.shown
  }
}

const policyOf = (witnesses: readonly WitnessLink[], quorum: number): LogPolicy => ({
  ...LOG_POLICY,
  witnesses: witnesses.map(({ key }) => key),
  quorum,
})

describe.each(UNSIGNED)('a witness that claims unsigned that %s', (_what, word) => {
  it.each([1, 2])('blocks nothing where the others make a quorum of %i', async (quorum) => {
    const witness = new Contradicting(word)
    const all = [witness, witnessNamed('example.org/one'), witnessNamed('example.org/two')]
    const log = await new LogInstance(all, policyOf(all, quorum)).append(entryFacts(3))
    for (let round = 0; round < 3; round++) {
      expect(await log.publishAfter(1_000)).toBe(true)
      await log.append(entryFacts(2))
    }
    expect([log.sequencer.halted, log.alarms]).toEqual([undefined, ['audit_witness_suspended example.org/contradicting']])
    expect(log.sequencer.concerns).toEqual([expect.stringContaining('witness example.org/contradicting is suspended')])
    expect(await log.gauge('audit_witness_suspended')).toBe(1)
  })

  it('is missing where it is needed, is queried again with backoff, and counts again as soon as it signs', async () => {
    const witness = new Contradicting(word)
    const log = await new LogInstance([witness], policyOf([witness], 1)).append(entryFacts(3))
    expect(await log.publishAfter(0)).toBe(false)
    const before = witness.asked
    for (let second = 0; second < 600; second++) expect(await log.publishAfter(1_000)).toBe(false)
    expect(witness.asked - before).toBeLessThan(40)
    expect(log.sequencer.halted).toBeUndefined()
    expect([await log.gauge('checkpoint_lag_entries'), await log.gauge('checkpoint_lag_seconds')]).toEqual([3, 600])
    expect(log.alarms).toEqual(['audit_witness_suspended example.org/contradicting', 'audit_unwitnessed'])
    witness.lies = false
    expect(await log.publishAfter(60_000)).toBe(true)
    expect([log.sequencer.concerns, await log.gauge('checkpoint_lag_entries'), await log.gauge('audit_witness_suspended')]).toEqual([
      [],
      0,
      0,
    ])
  })

  it('counts again also while the log has nothing to publish', async () => {
    const witness = new Contradicting(word)
    const all = [witness, witnessNamed('example.org/one'), witnessNamed('example.org/two')]
    const log = await new LogInstance(all, policyOf(all, 2)).append(entryFacts(3))
    expect(await log.publishAfter(0)).toBe(true)
    const note = await log.latest()
    witness.lies = false
    expect(await log.publishAfter(60_000)).toBe(false)
    expect([log.sequencer.concerns, await log.latest()]).toEqual([[], note])
  })
})

describe('what a witness shows as signed', () => {
  const root = Buffer.alloc(32, 7)
  const shownBy = async (
    witness: Contradicting,
    size: number,
    { origin = ORIGIN, signer = LOG_SIGNER, cosigner = witness as { key: typeof KEY }, by = WITNESS_SIGNER } = {},
  ): Promise<string> => {
    const body = formatCheckpoint({ origin, size, root })
    return (await signNote(body, LOG_POLICY.log, signer)) + (await cosign(body, 1, cosigner.key, by))
  }
  const publishWith = async (shown: (witness: Contradicting) => Promise<string | undefined>, key = KEY): Promise<LogInstance> => {
    const witness = new Contradicting(() => ({ status: 422, body: '' }))
    const link: WitnessLink = { key, addCheckpoint: (text) => witness.addCheckpoint(text), newestCheckpoint: () => shown(witness) }
    const log = await new LogInstance([link], policyOf([link], 1)).append(entryFacts(5))
    expect(await log.publishAfter(0)).toBe(false)
    return log
  }

  it.each([
    ['another root of a size that the log has', 3],
    ['more than the log has', 9],
  ])('halts the log for good when log and witness signed %s', async (_what, size) => {
    const log = await publishWith((witness) => shownBy(witness, size, { cosigner: { key: KEY } }))
    expect(log.sequencer.halted).toBeDefined()
    expect([log.alarms, await log.gauge('audit_log_halted')]).toEqual([['audit_forked'], 1])
    await log.publishAfter(90_000)
    expect([await log.latest(), await log.gauge('checkpoint_lag_entries'), await log.gauge('checkpoint_lag_seconds')]).toEqual([
      undefined,
      5,
      90,
    ])
    expect(log.sequencer.concerns[0]).toContain('the audit log is halted')
  })

  const stranger = localSigner(generateKeyPair().privateKey)
  it.each<[string, (witness: Contradicting) => Promise<string | undefined>]>([
    ['nothing', async () => undefined],
    ['no note', async () => 'x'.repeat(1_000)],
    ['what the log did not sign', (witness) => shownBy(witness, 3, { cosigner: { key: KEY }, signer: stranger })],
    ['what it did not sign itself', (witness) => shownBy(witness, 3, { cosigner: { key: KEY }, by: stranger })],
    ['what another witness signed', (witness) => shownBy(witness, 3)],
    ['another log', (witness) => shownBy(witness, 3, { cosigner: { key: KEY }, origin: 'example.org/other' })],
    [
      'an empty log',
      async () => {
        const body = formatCheckpoint({ origin: ORIGIN, size: 0, root })
        return (await signNote(body, LOG_POLICY.log, LOG_SIGNER)) + (await cosign(body, 1, KEY, WITNESS_SIGNER))
      },
    ],
    ['an error', () => Promise.reject(new Error('away'))],
  ])('suspends it, and halts nothing, when that is %s', async (_what, shown) => {
    const log = await publishWith(shown)
    expect([log.sequencer.halted, log.alarms]).toEqual([undefined, [`audit_witness_suspended ${KEY.name}`]])
  })
})

describe('a witness behind HTTP', () => {
  it.each<[string, RequestListener]>([
    [
      '409 and a large size to everything',
      (_request, reply) => reply.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end('999999\n'),
    ],
    [
      '422, and a flood where it shows what it signed',
      ({ method }, reply) => reply.writeHead(method === 'POST' ? 422 : 200).end('x'.repeat(method === 'POST' ? 0 : 1_000_000)),
    ],
    [
      '422, and hangs up where it shows what it signed',
      ({ method, socket }, reply) => void (method === 'POST' ? reply.writeHead(422).end() : socket.destroy()),
    ],
    [
      '422, and sends the log elsewhere',
      ({ method }, reply) => reply.writeHead(method === 'POST' ? 422 : 302, { location: '/elsewhere' }).end(),
    ],
  ])('that responds with %s is suspended, without further effect', async (_what, listener) => {
    const server = createServer((request, reply) => {
      request.resume()
      request.on('end', () => listener(request, reply as never))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const liar = new HttpWitness(KEY, `http://127.0.0.1:${(server.address() as { port: number }).port}`)
    const all = [liar, witnessNamed('example.org/one'), witnessNamed('example.org/two')]
    const log = await new LogInstance(all, policyOf(all, 1)).append(entryFacts(3))
    expect(await log.publishAfter(0)).toBe(true)
    expect([log.sequencer.halted, log.alarms]).toEqual([undefined, [`audit_witness_suspended ${KEY.name}`]])
  })
})
