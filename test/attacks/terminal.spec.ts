import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveCanned, type Canned } from '../../apps/cli/src/testing/canned-service.js'
import { runForTest } from '../../apps/cli/src/testing/run-cli.js'
import { Output } from '../../apps/cli/src/output/output.js'
import { chooseDisplay } from '../../apps/cli/src/runs/watch-display.js'
import type { RunView } from '#libs/contracts'

/** Moves the cursor, hides what follows, turns its direction, and begins a line that looks like one of ours. */
const HOSTILE = 'x\u001b[1A\u001b[2K\r  limit 35 → 25\u001b[8m\u009b1A\u202E\u2066\u200B\n✓ Signature added\u2028\u007f'
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
const OUR_COLOURS = new RegExp(`${String.fromCodePoint(27)}\\[(?:32|39|31|33|2|22|1)m`, 'g')
const SHA = `sha256:${'0'.repeat(64)}`

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-terminal-'))
})
afterAll(() => rm(folder, { recursive: true }))

const run: RunView = {
  run: 7,
  digest: 'sha256:1',
  decisions: [{ id: 'sha256:2', decision: 'abort', by: HOSTILE, reason: HOSTILE, at: '2026-01-01T00:00:00Z', outcome: 'applied' }],
  state: 'FAILED',
  reason: HOSTILE,
  detail: HOSTILE,
  attempt: 1,
  policies: [{ id: HOSTILE, version: HOSTILE, digest: HOSTILE }],
  stages: [{ stage: 'simulate', label: HOSTILE, verdict: 'FAIL', detail: HOSTILE, startedAt: null, endedAt: null }],
  createdAt: '2026-01-01T00:00:00Z',
  endedAt: '2026-01-01T00:00:01Z',
}
const letter = {
  service: 'linter',
  id: '0199f0aa-0000-7000-8000-000000000001',
  state: 'waiting',
  topic: HOSTILE,
  position: HOSTILE,
  key: HOSTILE,
  run: 1,
  tries: 1,
  code: HOSTILE,
  detail: HOSTILE,
  closed: null,
  at: '2026-01-01T00:00:00Z',
  headers: { [HOSTILE]: HOSTILE },
  value: HOSTILE,
  raw: null,
  cutFrom: null,
}
const approval = {
  run: 7,
  state: 'AWAITING_APPROVAL',
  digest: SHA,
  policies: [{ id: HOSTILE, version: HOSTILE }],
  missing: [HOSTILE],
  signedBy: [HOSTILE],
  authors: [HOSTILE],
  reasons: [{ name: HOSTILE, reason: HOSTILE }],
  expiresAt: HOSTILE,
}
const policy = {
  id: HOSTILE,
  version: HOSTILE,
  revision: 1,
  source: HOSTILE,
  scope: HOSTILE,
  value: { id: 'x', version: '1', [HOSTILE]: HOSTILE },
  provenance: { run: 1, digest: HOSTILE, author: HOSTILE, approvedBy: [HOSTILE], breakGlass: { reason: HOSTILE } },
}

const delivery = {
  id: HOSTILE,
  messageId: HOSTILE,
  partner: HOSTILE,
  run: 1,
  policy: HOSTILE,
  version: HOSTILE,
  bundle: [HOSTILE, HOSTILE],
  channel: HOSTILE,
  state: HOSTILE,
  attempts: 1,
  nextAttemptAt: null,
  lastStatus: 500,
  lastDetail: HOSTILE,
  deliveredAt: null,
  acknowledgedAt: null,
  acknowledgedBy: null,
  createdAt: HOSTILE,
}

const ANSWERS: [string[], Record<string, Canned>][] = [
  [['runs', 'show', '7'], { 'GET /v1/runs/7': { body: run } }],
  [['runs', 'list'], { 'GET /v1/runs': { body: [run] } }],
  [['runs', 'watch', '7'], { 'GET /v1/runs/7': { body: run }, 'GET /v1/runs/7/events': { events: [run] } }],
  [['get', 'epa-pm25-limit'], { 'GET /v1/policies/epa-pm25-limit': { body: policy } }],
  [['approvals', 'list'], { 'GET /v1/approvals?state=open': { body: [approval] } }],
  [['approvals', 'show', SHA], { [`GET /v1/approvals/${encodeURIComponent(SHA)}`]: { body: approval } }],
  [
    ['partners', 'list'],
    {
      'GET /v1/partners': {
        body: [
          {
            id: HOSTILE,
            lane: HOSTILE,
            groups: [HOSTILE],
            channels: [HOSTILE],
            unsubscribed: [{ address: HOSTILE, at: HOSTILE }],
            name: HOSTILE,
          },
        ],
      },
    },
  ],
  [['partners', 'deliveries'], { 'GET /v1/deliveries?limit=500': { body: [delivery] } }],
  [
    ['partners', 'delivery', 'd1'],
    {
      'GET /v1/deliveries/d1': {
        body: {
          ...delivery,
          digest: HOSTILE,
          supersedes: [HOSTILE],
          body: HOSTILE,
          tries: [{ at: HOSTILE, status: 500, latencyMs: 1, detail: HOSTILE, reply: HOSTILE, address: HOSTILE }],
          redrives: [],
        },
      },
    },
  ],
  [['bots', 'list'], { 'GET /v1/bots': { body: [{ id: HOSTILE, critical: false, addedAt: HOSTILE, policies: [HOSTILE] }] } }],
  [['scenarios', 'list'], { 'GET /v1/scenarios': { body: [{ id: HOSTILE, corpus: HOSTILE, policies: [HOSTILE], alert: HOSTILE }] } }],
  [['corpora', 'list'], { 'GET /v1/corpora': { body: [{ id: HOSTILE, readings: 1, addedAt: HOSTILE, digest: HOSTILE }] } }],
  [['schemas', 'list'], { 'GET /v1/schemas': { body: [{ name: HOSTILE }] } }],
  [
    ['tokens', 'list'],
    {
      'GET /v1/tokens': {
        body: [{ id: HOSTILE, scopes: [HOSTILE], name: HOSTILE, createdBy: HOSTILE, expiresAt: '2099-01-01T00:00:00Z', revokedAt: null }],
      },
    },
  ],
  [
    ['audit', 'log'],
    {
      'GET /v1/audit/entries?order=newest&limit=200&acts=true': {
        body: [
          {
            index: 1,
            at: HOSTILE,
            run: 1,
            source: HOSTILE,
            type: HOSTILE,
            key: HOSTILE,
            acts: [{ by: [HOSTILE], decision: HOSTILE, reason: HOSTILE, publicReason: HOSTILE, statements: [] }],
          },
        ],
      },
    },
  ],
  [
    ['export'],
    {
      'GET /checkpoint': { text: `log.example/hms\n1\n${Buffer.alloc(32).toString('base64')}\n\n— log.example/hms AAAAAAA=\n` },
      'GET /v1/roster': { body: [] },
      'GET /v1/audit/entries?limit=1&signed=true': { body: [{ index: 0, at: HOSTILE, source: HOSTILE, type: HOSTILE, key: HOSTILE }] },
      'GET /v1/history?limit=100': { body: [] },
    },
  ],
  [['dlq', 'show', `linter/${letter.id}`], { [`GET /v1/dead-letters/linter/${letter.id}`]: { body: letter } }],
  [['dlq', 'list', '--service', 'linter'], { 'GET /v1/dead-letters/linter?state=waiting': { body: [letter] } }],
  [
    ['rollback', 'epa-pm25-limit@1.5.0'],
    {
      'POST /v1/rollbacks': {
        status: 409,
        body: {
          code: 'HMS_ROLLOUT_ALREADY_LIVE',
          detail: HOSTILE,
          next: [{ command: HOSTILE }],
          errors: [{ pointer: HOSTILE, detail: `${HOSTILE}!` }],
        },
      },
    },
  ],
  [['get', 'none'], { 'GET /v1/policies/none': { status: 404, body: { code: `HMS_${HOSTILE}`, detail: HOSTILE } } }],
]

describe('what others wrote, in a terminal', () => {
  describe.each([['plain'], ['coloured'], ['json']])('%s', (kind) => {
    const flags = { plain: ['--plain'], coloured: ['--color', 'always'], json: ['--json'] }[kind]!
    it.each(ANSWERS)('%j moves no cursor, hides nothing and forges no line', async (argv, answers) => {
      const service = await serveCanned(answers)
      const { stdout, stderr } = await runForTest([...argv, ...flags], { env: { HMS_URL: service.url } })
      await service.close()
      const shown = stdout + stderr
      expect(shown).toMatch(/\\u\{?0*1b/)
      const ours = kind === 'coloured' ? shown.replaceAll(OUR_COLOURS, '') : shown
      expect(ours.replaceAll('\n', '')).not.toMatch(UNSEEN)
      expect(ours).not.toMatch(/^✓ Signature added/m)
      if (kind === 'json') for (const line of stdout.split('\n').slice(0, -1)) expect(() => JSON.parse(line) as unknown).not.toThrow()
    })
  })

  it('takes over no colour either: only ours are colours', async () => {
    const service = await serveCanned({ 'GET /v1/runs/7': { body: { ...run, detail: '\u001b[32mPASS\u001b[39m' } } })
    const { stdout } = await runForTest(['runs', 'show', '7', '--color', 'always'], { env: { HMS_URL: service.url } })
    await service.close()
    expect(stdout).toContain('\\u{1b}[32mPASS\\u{1b}[39m')
    expect(stdout).toContain('\u001b[31m')
  })

  it('does not break out of the live display, which is cut to the terminal', () => {
    let text = ''
    const sink = { write: (more: string) => void (text += more), isTerminal: true, columns: 60 }
    const display = chooseDisplay(new Output(sink, sink, {}, {}), () => 0)
    display.show(run)
    expect(text.replaceAll(OUR_COLOURS, '').replaceAll('\n', '')).not.toMatch(UNSEEN)
    expect(text).not.toMatch(/^✓ Signature added/m)
  })

  it('is clean where a file names it, in findings and in questions', async () => {
    const file = join(folder, 'esc.yaml')
    await writeFile(file, 'id: esc-limit\nversion: 1.0.0\neffective: 2024-09-01T00:00:00Z\n"zz\\e[1A\\r  limit 38": 1\n')
    const lint = await runForTest(['lint', file])
    expect([lint.code, (lint.stdout + lint.stderr).replaceAll('\n', '')]).toEqual([6, expect.not.stringMatching(UNSEEN)])
    let asked = ''
    const answers = {
      env: { HMS_KEYS_DIR: join(folder, 'keys') },
      answers: ['a', 'b'],
      onQuestion: (question: string) => void (asked += question),
    }
    const { stderr } = await runForTest(['keys', 'create', '--name', HOSTILE], answers)
    expect(asked).toMatch(/Passphrase of "x\\u\{1b\}/)
    expect((asked + stderr).replaceAll('\n', '')).not.toMatch(UNSEEN)
  })
})
