import { describe, expect, it } from 'vitest'
import type { ApiClient } from '#libs/client'
import type { TopicRecord } from '#libs/contracts'
import { serveCanned, type Canned } from '../testing/canned-service.js'
import { ioForTest, runForTest } from '../testing/run-cli.js'
import { runCli } from '../program.js'
import { chooseTopics, describeRecord } from './tail.js'
import { followServices } from './follow-services.js'

const PAUSED: TopicRecord = {
  topic: 'hms.canary.v1',
  position: '0:7',
  key: 'epa-pm25-limit',
  type: 'hms.canary.paused.v1',
  source: '/hms-svc/canary-controller',
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  at: '2026-01-01T00:00:00.123Z',
  run: 12,
  attempt: 1,
  headers: {
    'hms-summary': 'run 12 epa-pm25-limit: canary paused, INCONCLUSIVE',
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`,
  },
  data: { run: 12, attempt: 1, reason: 'INCONCLUSIVE', detail: 'too few events', label: 'Canary' },
}

describe('a line of tail', () => {
  it('describes an event with its time, run, key, type, reason and source', () => {
    expect(describeRecord(PAUSED)).toBe(
      '2026-01-01T00:00:00Z #12 epa-pm25-limit  canary paused  (INCONCLUSIVE: too few events)  by canary-controller',
    )
  })

  it('cuts long values, and has no line breaks', () => {
    const text = describeRecord({ ...PAUSED, data: { reason: `first\nsecond ${'x'.repeat(500)}` } })
    expect(text).toContain('(first second xxx')
    expect(text).toContain('x…)')
    expect(text.length).toBeLessThan(320)
  })

  it('marks a tombstone as withdrawn, but not a dead letter without data', () => {
    expect(describeRecord({ ...PAUSED, type: 'hms.state.recorded.v1', run: null, data: null })).toContain('state recorded (withdrawn)')
    expect(describeRecord({ ...PAUSED, type: 'hms.event.given-up.v1', key: null, data: null })).toContain(
      'hms.canary.v1  event given up  by',
    )
  })
})

describe('the topics to follow', () => {
  it('are all but the documents, or the one that a name or a part of a name selects', () => {
    expect(chooseTopics(undefined)).toContain('hms.run.control.v1')
    expect(chooseTopics(undefined)).not.toContain('hms.config.state.v1')
    expect(chooseTopics('hms.dlq.linter.v1')).toEqual(['hms.dlq.linter.v1'])
    expect(chooseTopics('canary')).toEqual(['hms.canary.v1'])
    expect(chooseTopics('dlq.linter')).toEqual(['hms.dlq.linter.v1'])
    expect(chooseTopics('simulation')).toEqual(['hms.simulation.v1'])
  })

  it('are refused if the name selects none, or several', () => {
    expect(() => chooseTopics('weather')).toThrowError(expect.objectContaining({ code: 'HMS_TOPIC_UNKNOWN', status: 404 }))
    expect(() => chooseTopics('config')).toThrowError(expect.objectContaining({ code: 'HMS_CLI_USAGE' }))
  })
})

/** Follows a service with these pages until the output has `lines` lines, then presses Ctrl-C. */
async function tailed(responses: Record<string, Canned>, argv: readonly string[], lines: number) {
  const service = await serveCanned(responses)
  const texts = { stdout: '', stderr: '' }
  let interrupt = (): void => {}
  const io = ioForTest({ env: { HMS_URL: service.url }, interrupt: (fire) => (interrupt = fire) }, texts)
  const { onInterrupt } = io
  io.onInterrupt = (callback, orClosed) => {
    expect(orClosed).toBe(true)
    return onInterrupt(callback)
  }
  const write = io.stdout.write
  io.stdout.write = (text) => {
    write(text)
    if (texts.stdout.split('\n').length > lines) interrupt()
  }
  io.every = (_ms, callback) => {
    const soon = setImmediate(callback)
    return () => clearImmediate(soon)
  }
  try {
    return { code: await runCli(['topics', 'tail', ...argv], io), ...texts, calls: service.requests.map(({ call }) => call) }
  } finally {
    await service.close()
  }
}

const END = 'GET /v1/topics/records?topics=hms.canary.v1'
const page = (records: TopicRecord[], next: string): Canned => ({ body: { records, next } })

describe('topics tail', () => {
  it('starts at the end, continues page by page, and exits with 130 on Ctrl-C', async () => {
    const responses = {
      [END]: page([], '1.0'),
      [`${END}&after=1.0`]: page([PAUSED], '2.0'),
      [`${END}&after=2.0`]: page([{ ...PAUSED, run: 13, position: '0:8' }], '3.0'),
      [`${END}&after=3.0`]: page([], '3.0'),
    }
    const ran = await tailed(responses, ['canary'], 2)
    expect(ran).toMatchObject({ code: 130, stderr: 'Following hms.canary.v1; Ctrl-C ends it.\n' })
    expect(ran.stdout.split('\n').map((line) => line.slice(0, 24))).toEqual(['2026-01-01T00:00:00Z #12', '2026-01-01T00:00:00Z #13', ''])
    expect(ran.calls.slice(0, 3)).toEqual([END, `${END}&after=1.0`, `${END}&after=2.0`])
  })

  it('prints the events of one run, as one JSON value per line', async () => {
    const since = '2026-01-01T00:00:00.000Z'
    const responses = {
      [`${END}&since=${encodeURIComponent(since)}`]: page([{ ...PAUSED, run: 11 }, PAUSED], '2.0'),
      [`${END}&after=2.0`]: page([], '2.0'),
    }
    const ran = await tailed(responses, ['hms.canary.v1', '--from', since, '--run', '#12', '--json'], 1)
    expect(JSON.parse(ran.stdout)).toEqual(PAUSED)
    expect(ran.code).toBe(130)
  })

  it('escapes control characters of events', async () => {
    const steering = { ...PAUSED, key: 'a\u001b[2Jb', data: { reason: '\u202egnp' } }
    const { stdout } = await tailed({ [END]: page([], '1.0'), [`${END}&after=1.0`]: page([steering], '2.0') }, ['canary'], 1)
    expect(stdout).toContain('a\\u{1b}[2Jb')
    expect(stdout).toContain('\\u{202e}gnp')
  })

  it('polls again from the same position if the services do not respond, and loses nothing', async () => {
    const requested: (string | undefined)[] = []
    const responses = [{ records: [], next: '1.0' }, undefined, undefined, { records: [PAUSED], next: '2.0' }, { records: [], next: '2.0' }]
    const get = async (_path: string, query?: Record<string, unknown>): Promise<never> => {
      requested.push(query?.['after'] as string | undefined)
      const answer = responses.shift()
      if (answer === undefined) throw new Error('away')
      return answer as never
    }
    const seen: TopicRecord[] = []
    const waits: number[] = []
    let troubles = 0
    await followServices({
      topics: ['hms.canary.v1'],
      since: undefined,
      client: { get: get as ApiClient['get'] },
      onReady: () => {},
      onRecord: (record) => seen.push(record),
      onError: () => troubles++,
      wait: async (ms) => waits.push(ms) > 0 && responses.length > 0,
    })
    expect([requested, seen, troubles]).toEqual([[undefined, '1.0', '1.0', '1.0', '2.0'], [PAUSED], 2])
    expect(waits.slice(0, 2)).toEqual([1_000, 2_000])
  })

  it('fails at once without a server, for an unknown topic, and for an invalid time', async () => {
    const unreachable = { env: { HMS_URL: 'http://127.0.0.1:9' } }
    expect(await runForTest(['topics', 'tail'], unreachable)).toMatchObject({ code: 11, stdout: '' })
    expect(await runForTest(['topics', 'tail', 'weather'], unreachable)).toMatchObject({ code: 4, stdout: '' })
    expect(await runForTest(['topics', 'tail', '--from', 'yesterday'], unreachable)).toMatchObject({ code: 2, stdout: '' })
  })
})
