import { describe, expect, it } from 'vitest'
import { encodeReport, type ReplayReport } from './report.js'
import { replay, type ReplayBot } from './replay.js'
import { asset, limitOf, readingOf, tightening, virginia } from '../testing/virginia.fixture.js'

const readings = [readingOf('a', 10), readingOf('b', 25), readingOf('c', 30), readingOf('d', 35), readingOf('e', 40)]
const DECLARES = "export const policies = ['epa-pm25-limit']\n"

/** Builds a bot with the given body; `limit()` reads the limit. */
function bot(body: string, head = ''): string {
  return `${DECLARES}${head}\nexport default (reading, getPolicy) => { const limit = () => getPolicy('epa-pm25-limit').limit; ${body} }`
}

async function outcome(source: string, inputs = tightening(readings)) {
  const report = await replay({ bots: [{ id: 'x', source }], scenarios: [inputs] })
  return report.bots[0]
}

const ALERT = "{ alert: 'Violation', value: reading.pm25 }"

describe('replay, one class per bot', () => {
  it.each([
    ['reads the limit each time', bot(`return reading.pm25 > limit() ? ${ALERT} : null`)],
    ['answers undefined for quiet', bot(`if (reading.pm25 > limit()) return ${ALERT}`)],
    [
      'is asynchronous',
      `${DECLARES}export default async function inspect(r, getPolicy) {
      const { limit } = await getPolicy('epa-pm25-limit'); return r.pm25 > limit ? { alert: 'Violation', value: r.pm25 } : null }`,
    ],
    ['writes to its reading', bot(`const old = reading.pm25; reading.pm25 = 0; return old > limit() ? { alert: 'V', value: old } : null`)],
    ['awaits while its module loads', bot(`return reading.pm25 > limit() ? ${ALERT} : null`, 'await Promise.resolve()')],
  ])('ADAPTED: %s', async (_, source) => {
    expect(await outcome(source)).toMatchObject({ class: 'ADAPTED', agreed: 5 })
  })

  it('STALE: uses a hard-coded number, although it reads the policy', async () => {
    expect(await outcome(bot(`limit(); return reading.pm25 > 35 ? ${ALERT} : null`))).toMatchObject({
      class: 'STALE',
      agreed: 3,
      counterexample: { reading: 'c', expected: 'alert', got: 'quiet', before: 'quiet' },
    })
  })

  it('STALE: caches the first limit it read, like a bot that is running when the policy changes', async () => {
    expect(await outcome(bot(`kept ??= limit(); return reading.pm25 > kept ? ${ALERT} : null`, 'let kept'))).toMatchObject({
      class: 'STALE',
    })
  })

  it('WRONG: contradicts the scenario on an input whose verdict the change does not flip', async () => {
    expect(await outcome(bot('limit(); return null'))).toMatchObject({
      class: 'WRONG',
      counterexample: { reading: 'e', expected: 'alert', got: 'quiet', before: 'quiet' },
    })
  })

  it.each([
    [
      'throws',
      bot("if (reading.pm25 > 26) throw new Error('boom')"),
      { message: 'Error: boom', counterexample: { reading: 'c', got: 'nothing' } },
    ],
    [
      'requests an unknown policy',
      bot("getPolicy('nope')"),
      { message: 'Error: getPolicy: no policy nope is in force that this bot declares', counterexample: { reading: 'a' } },
    ],
    ['changes a policy', bot("getPolicy('epa-pm25-limit').limit = 1"), { message: "TypeError: 'limit' is read-only" }],
    ['answers with something else', bot('return true'), { message: 'TypeError: inspect must return null or { alert: "Kind", value }' }],
    ['rejects', `${DECLARES}export default async () => { throw new TypeError('late') }`, { message: 'TypeError: late' }],
    ['never settles', `${DECLARES}export default () => new Promise(() => {})`, { message: 'its promise never settles' }],
    ['does not parse', 'export const policies = [', { message: expect.stringContaining('SyntaxError') }],
    ['imports', `import fs from 'fs'\n${bot('return null')}`, { message: expect.stringContaining('no imports (fs)') }],
    [
      'imports late',
      `${DECLARES}export default async () => { await import('fs') }`,
      { message: expect.stringContaining('no imports (fs)') },
    ],
    ['recurses for ever', bot('const f = () => 1 + f(); return f()'), { message: expect.stringContaining('stack') }],
    ['throws what has no text', bot('throw { get message() { throw 1 } }'), { message: 'threw a value that has no text' }],
    ['throws null', bot('throw null'), { message: 'threw null, or ran out of memory' }],
    ['has no default export', DECLARES, { message: expect.stringContaining('no default export') }],
    ['declares nothing', 'export default () => null', { message: expect.stringContaining('no policies') }],
  ])('CRASHED: %s', async (_, source, expected) => {
    expect(await outcome(source)).toMatchObject({ class: 'CRASHED', ...expected })
  })

  it.each([
    ['loops for ever', bot('for (;;) {}'), 'used up its steps'],
    ['loops for ever and catches', bot('try { for (;;) {} } catch { return null } finally { for (;;) {} }'), 'used up its steps'],
    ['loops on one input', bot('if (reading.pm25 > 26) for (;;) {}'), 'used up its steps'],
    ['loops while loading', `for (;;) {}\n${bot('return null')}`, 'used up its steps'],
    ['loops through promises', `${DECLARES}export default async () => { for (;;) await 0 }`, 'used up its steps'],
    ['leaves a job that never ends', bot('const again = () => Promise.resolve().then(again); again(); return null'), 'used up its memory'],
    ['backtracks for ever', bot("return /^(a+)+$/.test('a'.repeat(40) + 'b') ? null : null"), 'used up its steps'],
    ['hoards arrays', bot('const all = []; for (;;) all.push(new Array(1000).fill(reading))'), 'used up its memory'],
    ['hoards text', bot("const all = []; for (;;) all.push('x'.repeat(1e5) + all.length)"), 'used up its memory'],
    ['makes a long text', bot("return 'x'.repeat(1e8)"), 'used up its memory'],
    ['takes one large buffer', bot('return new ArrayBuffer(1e9)'), 'used up its memory'],
  ])('BUDGET: %s', async (_, source, message) => {
    expect(await outcome(source)).toMatchObject({ class: 'BUDGET', message })
  })

  it('BUDGET: names the input that was being judged', async () => {
    expect(await outcome(bot('if (reading.pm25 > 26) for (;;) {}'))).toMatchObject({
      counterexample: { reading: 'c', expected: 'quiet', got: 'nothing' },
    })
  })

  it.each([
    ['chance', bot(`return Math.random() < 0.5 ? ${ALERT} : null`)],
    ['the clock', bot(`return new Date().getDay() > 3 ? ${ALERT} : null`)],
    ['how often it was called', bot(`calls += 1; return calls % 2 ? ${ALERT} : null`, 'let calls = 0')],
    ['chance in the value alone', bot("return reading.pm25 > limit() ? { alert: 'V', value: Math.random() } : null")],
  ])('NONDETERMINISTIC: depends on %s', async (_, source) => {
    expect(await outcome(source)).toMatchObject({ class: 'NONDETERMINISTIC' })
  })

  it('NOT_APPLICABLE: neither declares nor reads the changed policy, even if the bot crashes', async () => {
    expect(await outcome("export const policies = ['ozone']\nexport default () => { throw 1 }")).toMatchObject({ class: 'NOT_APPLICABLE' })
    const secret =
      "export const policies = ['ozone']\nexport default (r, getPolicy) => r.pm25 > getPolicy('epa-pm25-limit').limit ? { " +
      "alert: 'V' } : null"
    expect(await outcome(secret)).toMatchObject({ class: 'ADAPTED' })
  })

  it('first version: a bot that does not crash is RAN, whatever it returns', async () => {
    const first = tightening(readings, { before: null })
    expect(await outcome(bot('limit(); return null'), first)).toMatchObject({ class: 'RAN' })
    expect(await outcome(bot('throw 1'), first)).toMatchObject({ class: 'CRASHED', message: 'threw 1' })
  })

  it('reports the worst class over several scenarios', async () => {
    const stricter = tightening(readings, { scenario: 'other', oracle: () => true })
    const report = await replay({
      bots: [{ id: 'x', source: bot(`return reading.pm25 > limit() ? ${ALERT} : null`) }],
      scenarios: [tightening(readings), stricter],
    })
    expect(report.bots).toMatchObject([{ class: 'WRONG', scenario: 'other' }])
    expect(report.scenarios.map(({ scenario }) => scenario)).toEqual(['other', 'pm25-violation'])
  })

  it('leaves out inputs that the scenario cannot judge', async () => {
    const report = await replay({ bots: [], scenarios: [tightening([...readings, { id: 'f', at: '', region: '' }])] })
    expect(report.scenarios).toMatchObject([{ recorded: 5, unjudged: 1, discriminating: { recorded: 2, boundary: 0 } }])
  })

  it('rejects at the deadline, without a finding about the bot', async () => {
    await expect(
      replay({ bots: [{ id: 'x', source: bot('for (;;) {}') }], scenarios: [tightening(readings)] }, { expired: () => true }),
    ).rejects.toMatchObject({
      code: 'HMS_REPLAY_DEADLINE',
      retryable: true,
    })
  })
})

describe('replay, the Virginia file', () => {
  const bots: ReplayBot[] = [
    { id: 'hard-coded', source: asset('bots/hard-coded.js') },
    { id: 'inspector', source: asset('bots/inspector.js') },
  ]

  it('finds 131 discriminating inputs and the hard-coded bot STALE, which plain agreement would have passed', async () => {
    const report = await replay({ bots, scenarios: [tightening(virginia())] })
    expect(report.scenarios).toMatchObject([{ recorded: 7703, discriminating: { recorded: 131, boundary: 0 } }])
    expect(report.bots).toMatchObject([
      { bot: 'hard-coded', class: 'STALE' },
      { bot: 'inspector', class: 'ADAPTED', agreed: 7703 },
    ])
    const agreement = report.bots.map(({ bot, agreed }) => ({ bot, percent: (agreed / 7703) * 100 }))
    process.stdout.write(`plain agreement: ${agreement.map(({ bot, percent }) => `${bot} ${percent.toFixed(2)}%`).join(', ')}\n`)
    for (const { percent } of agreement) expect(percent).toBeGreaterThanOrEqual(98.2)
  })

  it('returns equal bytes for any order of bots and readings, and other bytes for another corpus, bot or policy', async () => {
    const recorded = virginia()
    const bytes = async (task: Parameters<typeof replay>[0]) => encodeReport((await replay(task)) satisfies ReplayReport)
    const first = await bytes({ bots, scenarios: [tightening(recorded)] })
    expect(await bytes({ bots, scenarios: [tightening(recorded)] })).toBe(first)
    expect(await bytes({ bots: bots.toReversed(), scenarios: [tightening(recorded.toReversed())] })).toBe(first)
    expect(await bytes({ bots, scenarios: [tightening(recorded.slice(1))] })).not.toBe(first)
    expect(await bytes({ bots: bots.slice(1), scenarios: [tightening(recorded)] })).not.toBe(first)
    expect(await bytes({ bots, scenarios: [tightening(recorded, { after: limitOf(24) })] })).not.toBe(first)
  })
})
