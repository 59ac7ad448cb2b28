import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peekPredicate, type ApprovalSummary, type IssuedToken, type RosterProposalView, type Ticket } from '#libs/contracts'
import {
  generateKeyPair,
  localSigner,
  signDecision,
  signFreeze,
  signLift,
  signRequest,
  signRoster,
  signRunDecision,
  type RosterPredicate,
  type Signer,
} from '#libs/signing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

let system: MemorySystem
let press: PipelineDriver
let proposal: string
let token: string
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
  const predicate = peekPredicate<RosterPredicate>(system.roster.envelope)
  const next = await signRoster({ ...predicate, version: predicate.version + 1, installation: system.roster.installation }, [])
  proposal = (await press.api.post<RosterProposalView>('/v1/roster/proposals', { envelope: next })).digest
  token = (await press.api.post<IssuedToken>('/v1/tokens', { scopes: ['read'] })).id
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
async function ask(path: string, body: object, authorization?: string): Promise<string> {
  const trace = { 'content-type': 'application/json', traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` }
  const headers = { ...trace, ...(authorization === undefined ? {} : { authorization }) }
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

const hourAgo = (): Date => new Date(system.clock.now().getTime() - 3_600_000)
/** Statements that the log and exports show to everybody. */
const late: [string, () => Promise<object>][] = [
  ['an hour ago, about a run', () => signRunDecision({ ...said, run: 1, attempt: 1, decision: 'abort', at: hourAgo() }, chief())],
  [
    'an hour ago, about a ticket',
    () => signRunDecision({ ...said, run: 1, attempt: 1, decision: 'accept', ticket: 1, at: hourAgo() }, chief()),
  ],
  ['an hour ago, about a release', () => signDecision({ ...said, decision: 'withdraw', at: hourAgo() }, chief())],
  [
    'an hour ago, about a freeze',
    () => signLift({ id: 'quiet-week', declared: said.subject, reason: 'over' }, { ...press.signedFor(), at: hourAgo() }, chief()),
  ],
  [
    'for another installation',
    () =>
      signLift({ id: 'quiet-week', declared: said.subject, reason: 'over' }, { ...press.signedFor(), installation: said.subject }, chief()),
  ],
  ['about another freeze', () => signLift({ id: 'other-week', declared: said.subject, reason: 'over' }, press.signedFor(), chief())],
  [
    'about another run',
    () => signRunDecision({ ...said, run: 77, attempt: 1, decision: 'abort', at: system.clock.now(), ticket: 77 }, chief()),
  ],
]
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const signatures: [string, () => Promise<{ keyid: string; sig: string }>][] = [
  ['without a key', async () => ({ keyid: '', sig: '' })],
  ['of a stranger', async () => ({ keyid: stranger.keyid, sig: base64(Buffer.alloc(64)) })],
  ['of a service', async () => ({ keyid: system.operator.keyid, sig: base64(Buffer.alloc(64)) })],
  ['in the name of a person, not there', async () => ({ keyid: chief().keyid, sig: '' })],
  ['in the name of a person, unreadable', async () => ({ keyid: chief().keyid, sig: '!' })],
  ['in the name of a person, wrong', async () => ({ keyid: chief().keyid, sig: base64(Buffer.alloc(64, 7)) })],
  ['in the name of a person, by a stranger', async () => ({ keyid: chief().keyid, sig: base64(await stranger.sign(Buffer.from('x'))) })],
  ['of a person, over something else', async () => ({ keyid: chief().keyid, sig: base64(await chief().sign(Buffer.from('x'))) })],
]
const signedHead = (signer: Signer, path: string, change: { body?: Buffer; audience?: string } = {}): Promise<string> =>
  signRequest(signer, {
    method: 'POST',
    path,
    body: Buffer.from('{}'),
    at: system.clock.now(),
    audience: system.roster.installation,
    ...change,
  })
const headers: [string, (path: string) => Promise<string | undefined>][] = [
  ['is not signed', async () => undefined],
  ['a stranger signed', (path) => signedHead(stranger, path)],
  [
    'claims a person’s key',
    async (path) => {
      const [scheme, text] = (await signedHead(stranger, path)).split(' ')
      const whole = Buffer.from(text!, 'base64url').toString().replaceAll(stranger.keyid, chief().keyid)
      return `${scheme} ${Buffer.from(whole).toString('base64url')}`
    },
  ],
  ['a person signed for another path', () => signedHead(chief(), '/v1/other')],
  ['a person signed for another installation', (path) => signedHead(chief(), path, { audience: said.subject })],
  ['a person signed for another body', (path) => signedHead(chief(), path, { body: Buffer.from('[]') })],
  ['has a key that was never issued', async () => `Bearer hms_${'a'.repeat(16)}_${'b'.repeat(43)}`],
]

describe('a caller outside the roster learns nothing of what exists, by', () => {
  it.each(forged)('a statement: %s', async (_what, make) => {
    const statement = await make()
    for (const { name, here, missing, body } of places) {
      const known = await ask(here, body(here, statement))
      expect([name, known]).toMatchObject([name, expect.stringMatching(/^\[403,/)])
      for (const path of missing) expect([path, await ask(path, body(path, statement))]).toEqual([path, known])
    }
  })

  it.each(late)('what a person signed, but %s', async (_what, make) => {
    const statement = await make()
    for (const { name, here, missing, body } of places) {
      const known = await ask(here, body(here, statement))
      expect([name, known]).toMatchObject([name, expect.stringMatching(/^\[4(?:03|09|22),/)])
      for (const path of missing)
        expect([path, nameless(await ask(path, body(path, statement)), path)]).toEqual([path, nameless(known, here)])
    }
  })

  it.each(signatures)('signatures over prepared bytes, or over a proposed roster: %s', async (_what, make) => {
    const { digest, releases } = await press.prepare(['new-limit@1.0.0=1'])
    const glass = await press.prepareBreakGlass(['newer-limit@1.0.0=1'])
    const nothing = `sha256:${'a'.repeat(64)}`
    for (const [path, here, release] of [
      ['/v1/approvals', digest, releases[0]!.digest],
      ['/v1/approvals', glass.digest, glass.releases[0]!.digest],
      ['/v1/break-glass', digest, releases[0]!.digest],
      ['/v1/break-glass', glass.digest, glass.releases[0]!.digest],
    ] as const) {
      const signature = await make()
      for (const named of [release, nothing]) {
        const known = await ask(path, { digest: here, signatures: [{ release: named, ...signature }] })
        expect(known).toMatch(/^\[403,/)
        expect(await ask(path, { digest: nothing, signatures: [{ release: named, ...signature }] })).toBe(known)
      }
    }
    const known = await ask(`/v1/roster/proposals/${proposal}/signatures`, await make())
    expect(known).toMatch(/^\[40[03],/)
    for (const path of [nothing, 'none', system.roster.digest])
      expect(await ask(`/v1/roster/proposals/${path}/signatures`, await make())).toBe(known)
  })

  it.each(headers)('a request that %s', async (_what, authorize) => {
    const doors = [
      {
        here: ['/v1/rollbacks', { policy: 'pm25-limit', version: '1.0.0' }],
        missing: ['/v1/rollbacks', { policy: 'none-such', version: '9.0.0' }],
      },
      { here: [`/v1/tokens/${token}/revoke`, {}], missing: ['/v1/tokens/aaaaaaaaaaaaaaaa/revoke', {}] },
      { here: ['/v1/policies/pm25-limit/restore', {}], missing: ['/v1/policies/none-such/restore', {}] },
    ] as const
    for (const { here, missing } of doors) {
      const known = await ask(here[0], here[1], await authorize(here[0]))
      expect(known).toMatch(/^\[401,/)
      expect(await ask(missing[0], missing[1], await authorize(missing[0]))).toBe(known)
    }
  })
})

/** Without the name that the request itself had. */
function nameless(text: string, path: string): string {
  const name = path.split('#')[1] ?? path.split('/')[3]!
  const anyLength = text.replace(/"content-length","\d+"/, '')
  return name.length > 1 ? anyLength.replaceAll(name, 'NAME').replaceAll('pm25-limit', 'NAME') : anyLength
}
