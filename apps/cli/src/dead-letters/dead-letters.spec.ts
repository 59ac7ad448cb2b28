import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { peekPredicate, SERVICES, type DeadLetterSummary, type DeadLetterView, type StatementRequest } from '#libs/contracts'
import type { DecisionPredicate } from '#libs/signing'
import { serveCanned, type Canned, type CannedService } from '../testing/canned-service.js'
import { runForTest, type CliRun } from '../testing/run-cli.js'

const ID = '0f8fad5b-d9cb-869f-8165-70867728950e'
const OTHER = '1f8fad5b-d9cb-869f-8165-70867728950e'

function letter(id: string, more: Partial<DeadLetterView> = {}): DeadLetterView {
  return {
    id,
    service: 'linter',
    topic: 'hms.approval.v1',
    position: '3:17',
    key: 'epa-pm25-limit',
    code: 'HMS_EVENT_HANDLER_FAILED',
    detail: 'bug',
    run: 184,
    tries: 3,
    state: 'waiting',
    at: new Date(Date.now() - 3 * 60_000).toISOString(),
    closed: null,
    value: '{}',
    headers: { ce_type: 'hms.approval.approved.v1' },
    raw: null,
    cutFrom: null,
    digest: `sha256:${'ab'.repeat(32)}`,
    ...more,
  }
}

const DOWN: Canned = { status: 503, body: { code: 'HMS_HTTP_UNAVAILABLE', detail: 'no instance answers', status: 503, next: [] } }
let service: CannedService
afterEach(() => service.close())

async function dlq(argv: string[], responses: Record<string, Canned> = {}, unasked: Canned = { body: [] }): Promise<CliRun> {
  const lists = Object.fromEntries(SERVICES.map((name) => [`GET /v1/dead-letters/${name}?state=waiting`, unasked]))
  service = await serveCanned({ ...lists, ...responses })
  return runForTest(['dlq', ...argv], { env: { HMS_URL: service.url } })
}

describe('dlq list', () => {
  const waiting: Record<string, Canned> = { 'GET /v1/dead-letters/linter?state=waiting': { body: [letter(ID)] } }

  it('lists the waiting dead letters of every service, and the next commands', async () => {
    const { code, stdout, stderr } = await dlq(['list'], waiting)
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`3 min +linter/${ID} +waiting +hms.approval.v1 +epa-pm25-limit +#184 +HMS_EVENT_HANDLER_FAILED +bug`))
    expect(stderr).toContain('hms-svc dlq replay')
  })

  it('prints an empty array with --json if no dead letter waits', async () => {
    expect(await dlq(['list', '--json'])).toMatchObject({ code: 0, stdout: '[]\n' })
  })

  it('names a service that does not respond, and lists the dead letters of the others', async () => {
    const run = await dlq(['list', '--json'], { ...waiting, 'GET /v1/dead-letters/audit?state=waiting': DOWN })
    expect(run.code).toBe(0)
    expect((JSON.parse(run.stdout) as DeadLetterSummary[]).map(({ id }) => id)).toEqual([ID])
    expect(run.stderr).toContain('audit does not answer')
  })

  it('exits with 11 if no service responds', async () => {
    expect(await dlq(['list', '--json'], {}, DOWN)).toMatchObject({ code: 11, stdout: '' })
  })

  it('refuses an unknown service', async () => {
    expect(await dlq(['list', '--service', 'unknown'])).toMatchObject({ code: 2 })
  })
})

describe('dlq show', () => {
  it('finds a dead letter in any service, and escapes control characters', async () => {
    const { code, stdout } = await dlq(['show', ID], {
      [`GET /v1/dead-letters/linter/${ID}`]: {
        body: letter(ID, { value: '\u001b[2Jgone', key: 'a\u202eb', raw: { key: null, value: 'AA==', headers: [] } }),
      },
    })
    expect(code).toBe(0)
    expect(stdout).toContain(String.raw`\u{1b}[2Jgone (no text; --json has the bytes)`)
    expect(stdout).toContain(String.raw`a\u{202e}b`)
    expect(stdout).toContain(`next: hms-svc dlq discard linter/${ID} --reason TEXT`)
  })

  it.each([
    ['not a UUID', 'seven', {}, 2],
    ['possibly of a service that does not respond', ID, { [`GET /v1/dead-letters/audit/${ID}`]: DOWN }, 11],
  ])('fails for an id that is %s', async (_what, id, responses, code) => {
    expect(await dlq(['show', id], responses)).toMatchObject({ code, stdout: '' })
  })

  const refusal = (status: number, code: string): Canned => ({ status, body: { code, detail: 'refused', status, next: [] } })
  it.each([
    ['every service lacks it', () => refusal(404, 'HMS_DEAD_LETTER_NOT_FOUND'), 4, 'HMS_DEAD_LETTER_NOT_FOUND'],
    ['the caller has no key', () => refusal(401, 'HMS_AUTH_REQUIRED'), 3, 'HMS_AUTH_REQUIRED'],
    [
      'one service refuses the caller, and the others are not at this address or lack it',
      (service: string) =>
        service === 'audit'
          ? refusal(403, 'HMS_AUTH_SCOPE')
          : refusal(404, service === 'linter' ? 'HMS_DEAD_LETTER_NOT_FOUND' : 'HMS_SERVICE_UNKNOWN'),
      3,
      'HMS_AUTH_SCOPE',
    ],
  ])('reports why it found no dead letter: %s', async (_why, answerOf, code, expected) => {
    const responses = Object.fromEntries(SERVICES.map((name) => [`GET /v1/dead-letters/${name}/${ID}`, answerOf(name)]))
    expect(await dlq(['show', ID], responses)).toMatchObject({
      code,
      stdout: '',
      stderr: expect.stringContaining(`[${expected}]`) as string,
    })
  })
})

describe('dlq replay', () => {
  it('continues after a failed replay, and exits with the code of the failure', async () => {
    const failed = { code: 'HMS_DEAD_LETTER_FAILED', detail: 'The handler failed again', status: 422, next: [] }
    const run = await dlq(['replay', OTHER, `linter/${ID}`], {
      [`GET /v1/dead-letters/notifier/${OTHER}`]: { body: letter(OTHER, { service: 'notifier' }) },
      [`POST /v1/dead-letters/notifier/${OTHER}/replay`]: { status: 422, body: failed },
      [`GET /v1/dead-letters/linter/${ID}`]: { body: letter(ID) },
      [`POST /v1/dead-letters/linter/${ID}/replay`]: {
        body: letter(ID, { state: 'replayed', closed: { at: '', by: 'operator', reason: 'ignored-stale' } }),
      },
    })
    expect(run.code).toBe(6)
    expect(run.stderr).toContain('HMS_DEAD_LETTER_FAILED')
    expect(run.stdout).toBe(`✓ Dead letter linter/${ID} replayed: its run had moved on, nothing changed\n`)
  })
})

describe('dlq discard', () => {
  it('sends the reason', async () => {
    const call = `POST /v1/dead-letters/linter/${ID}/discard`
    const run = await dlq(['discard', `linter/${ID}`, '--reason', 'noise', '--json'], {
      [`GET /v1/dead-letters/linter/${ID}`]: { body: letter(ID) },
      [call]: { body: letter(ID, { state: 'discarded' }) },
    })
    expect(run.code).toBe(0)
    expect(JSON.parse(run.stdout)).toMatchObject([{ id: ID, state: 'discarded' }])
    expect(service.requests.find((request) => request.call === call)?.body).toEqual({ reason: 'noise' })
  })

  it('requires a reason', async () => {
    expect(await dlq(['discard', ID])).toMatchObject({ code: 2 })
  })
})

describe('a decision about a dead letter, signed', () => {
  let folder: string
  let env: Record<string, string>
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hms-dlq-'))
    env = { HMS_KEYS_DIR: join(folder, 'keys'), HMS_KEY_PASSPHRASE: 'correct horse' }
    expect((await runForTest(['keys', 'create', '--name', 'EPA Chief'], { env })).code).toBe(0)
  })
  afterAll(() => rm(folder, { recursive: true }))

  const decided = async (...argv: string[]): Promise<CliRun> => {
    service = await serveCanned({
      [`GET /v1/dead-letters/linter/${ID}`]: { body: letter(ID) },
      [`POST /v1/dead-letters/linter/${ID}/decisions`]: { body: letter(ID, { closed: { at: '', by: 'EPA Chief', reason: 'handled' } }) },
    })
    return runForTest(['dlq', ...argv], { env: { ...env, HMS_URL: service.url } })
  }

  it.each(['replay', 'discard'])('names the act (%s), the letter, its digest and the reason', async (act) => {
    const { code, stdout } = await decided(act, `linter/${ID}`, '--reason', 'bug fixed', '--sign', 'EPA Chief')
    expect([code, stdout]).toEqual([0, expect.stringContaining(`✓ Dead letter linter/${ID} ${act}ed`)])
    const { statement } = service.requests.at(-1)!.body as StatementRequest
    const { digest: subject } = letter(ID)
    const decision = `${act} dead letter linter/${ID}`
    expect(peekPredicate<DecisionPredicate>(statement)).toMatchObject({ subject, decision, reason: 'bug fixed' })
  })

  it.each([
    ['a signature without a reason', 2, ['replay', ID, '--sign', 'EPA Chief']],
    ['a reason without a signature', 2, ['replay', ID, '--reason', 'r']],
    ['an unknown signer', 3, ['discard', ID, '--reason', 'r', '--sign', 'Unknown Person']],
  ])('refuses %s', async (_what, code, argv) => {
    expect(await decided(...argv)).toMatchObject({ code, stdout: '' })
    expect(service.requests.filter(({ call }) => call.startsWith('POST'))).toEqual([])
  })
})
