import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApprovalSummary, Ticket } from '#libs/contracts'
import { generateKeyPair, localSigner, signDecision, signFreeze, signLift, signRunDecision, type Signer } from '#libs/signing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

let system: MemorySystem
let press: PipelineDriver
let places: { name: string; here: string; missing: string[]; body(path: string, statement: unknown): object }[]
beforeAll(async () => {
  system = await startMemorySystem()
  press = new PipelineDriver(system)
  await press.whenState(
    await press.approve(['pm25-limit@1.0.0=35'], { share: 10_000, scope: 'region:NCR', observeMs: 0, bakeMs: 0 }),
    'SUCCEEDED',
  )
  const held = await press.approve(['ozone-limit@1.0.0=70'], {}, { tags: ['critical'] })
  const glass = await press.breakGlass(['smog-limit@1.0.0=1'])
  await press.freeze({ id: 'quiet-week', scope: 'region:XX', from: '2026-03-02T08:00:00Z', until: '2026-03-02T10:00:00Z' })
  await system.runUntil(async () => (await press.api.get<Ticket[]>('/v1/tickets')).length > 0, 10_000)
  const [ticket] = await press.api.get<Ticket[]>('/v1/tickets')
  const [approval] = await press.api.get<ApprovalSummary[]>('/v1/approvals')
  const digest = `sha256:${'a'.repeat(64)}`
  const statementOf = (_path: string, statement: unknown): object => ({ statement })
  const none = ['98765', 'none', '0']
  places = [
    { name: 'a run', here: `/v1/runs/${held}/decisions`, missing: none.map((n) => `/v1/runs/${n}/decisions`), body: statementOf },
    { name: 'a run that ended', here: `/v1/runs/${glass}/decisions`, missing: ['/v1/runs/98765/decisions'], body: statementOf },
    {
      name: 'a ticket',
      here: `/v1/tickets/${ticket!.ticket}/decisions`,
      missing: none.map((n) => `/v1/tickets/${n}/decisions`),
      body: statementOf,
    },
    { name: 'a freeze', here: '/v1/freezes/quiet-week/lift', missing: ['/v1/freezes/none-such/lift'], body: statementOf },
    {
      name: 'an approval',
      here: `/v1/approvals/${approval!.digest}/decisions`,
      missing: [`/v1/approvals/${digest}/decisions`, '/v1/approvals/none/decisions'],
      body: statementOf,
    },
    {
      name: 'a policy',
      here: '/v1/withdrawals#pm25-limit',
      missing: ['/v1/withdrawals#none-such', '/v1/withdrawals#ozone-limit'],
      body: (path, statement) => ({ policy: path.split('#')[1], statement }),
    },
  ]
}, 60_000)
afterAll(() => system.stop())

/** Trace ids are the caller's own, so that two responses can be the same bytes. */
async function ask(path: string, body: object): Promise<string> {
  const headers = { 'content-type': 'application/json', traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` }
  const response = await fetch(system.url + path.split('#')[0], { method: 'POST', headers, body: JSON.stringify(body) })
  const shown = [...response.headers].filter(([name]) => name !== 'date' && name !== 'keep-alive')
  return JSON.stringify([response.status, shown, (await response.text()).replaceAll('none-such', 'pm25-limit')])
}

const stranger = localSigner(generateKeyPair().privateKey)
const EMPTY = { payload: 'e30=', payloadType: 'application/vnd.in-toto+json', signatures: [] as object[] }
const said = { subject: `sha256:${'b'.repeat(64)}`, reason: 'because' }
const signers: [string, (signer: Signer) => Promise<object>][] = [
  [
    'a decision about a run',
    (signer) => signRunDecision({ ...said, run: 1, attempt: 1, decision: 'abort', at: system.clock.now() }, signer),
  ],
  [
    'an answer to a ticket',
    (signer) => signRunDecision({ ...said, run: 1, attempt: 1, decision: 'accept', ticket: 1, at: system.clock.now() }, signer),
  ],
  ['a decision', (signer) => signDecision({ ...said, decision: 'withdraw', at: system.clock.now() }, signer)],
  ['a lift', (signer) => signLift({ id: 'quiet-week', declared: said.subject, reason: 'over' }, press.signedFor(), signer)],
  ['a declaration', (signer) => signFreeze({ id: 'quiet-week', reason: 'x', scope: 'global' }, press.signedFor(), signer)],
]
const forged: [string, () => Promise<object>][] = [
  ['nothing', async () => EMPTY],
  ['no payload', async () => ({ ...EMPTY, payload: '' })],
  ['a name that the roster knows, without a signature', async () => ({ ...EMPTY, signatures: [{ keyid: chief().keyid, sig: 'AAAA' }] })],
  ...signers.map(([what, sign]): [string, () => Promise<object>] => [`${what} by a stranger`, () => sign(stranger)]),
  ...signers.map(([what, sign]): [string, () => Promise<object>] => [`${what} by a service`, () => sign(system.operator)]),
  ...signers.map(([what, sign]): [string, () => Promise<object>] => [
    `${what} that claims another key`,
    async () => {
      const envelope = (await sign(stranger)) as { signatures: { keyid: string }[] }
      return { ...envelope, signatures: envelope.signatures.map((each) => ({ ...each, keyid: chief().keyid })) }
    },
  ]),
]
const chief = (): Signer => system.signers.get('EPA Chief')!

describe('who is not of the roster learns nothing of what exists, by', () => {
  it.each(forged)('a statement: %s', async (_what, make) => {
    const statement = await make()
    for (const { name, here, missing, body } of places) {
      const known = await ask(here, body(here, statement))
      expect([name, known]).toMatchObject([name, expect.stringMatching(/^\[403,/)])
      for (const path of missing) expect([path, await ask(path, body(path, statement))]).toEqual([path, known])
    }
  })

  it('signatures over prepared bytes, and over a proposed roster, by keys of nobody', async () => {
    const { digest } = await press.prepare(['new-limit@1.0.0=1'])
    const signatures = [{ release: `sha256:${'c'.repeat(64)}`, keyid: stranger.keyid, sig: Buffer.alloc(64).toString('base64') }]
    for (const path of ['/v1/approvals', '/v1/break-glass']) {
      const known = await ask(path, { digest, signatures })
      expect(known).toMatch(/^\[403,/)
      expect(await ask(path, { digest: `sha256:${'a'.repeat(64)}`, signatures })).toBe(known)
    }
  })
})
