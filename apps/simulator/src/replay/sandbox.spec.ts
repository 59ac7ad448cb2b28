import { describe, expect, it } from 'vitest'
import { inspectBot } from './inspect-bot.js'
import { SANDBOX_LIMITS } from './limits.js'
import { BotSandbox } from './sandbox.js'

/** The value of an expression inside a bot, carried out as the value of an alert. */
async function inside(expression: string, seed = 1): Promise<unknown> {
  const sandbox = await BotSandbox.open(SANDBOX_LIMITS, () => false)
  const source = `export const policies = ['p']\nexport default (reading, getPolicy) => ({ alert: 'x', value: ${expression} })`
  expect(sandbox.load(source)).toEqual({ policies: ['p'], majors: {} })
  sandbox.begin(seed, '{"p":{"limit":1}}')
  const { alerts, stop } = sandbox.judge('[{"id":"a"}]', 1)
  return stop ? stop.message : (JSON.parse(alerts.slice(0, -1))[1] ?? null)
}

describe('the sandbox', () => {
  it.each([
    'process',
    'require',
    'fetch',
    'setTimeout',
    'console',
    'performance',
    'Buffer',
    'WebAssembly',
    'Worker',
    'std',
    'os',
    'Atomics',
    'SharedArrayBuffer',
    'WeakRef',
    'FinalizationRegistry',
  ])('has no %s', async (name) => {
    expect(await inside(`typeof ${name}`)).toBe('undefined')
    expect(await inside(`getPolicy.constructor('return typeof ${name}')()`)).toBe('undefined')
    expect(await inside(`[].constructor.constructor('return typeof globalThis.${name}')()`)).toBe('undefined')
  })

  it('hides the harness from the bot', async () => {
    expect(await inside('Object.getOwnPropertyNames(globalThis).filter((name) => /hms|harness|reseed|inspect/i.test(name))')).toEqual([])
    expect(await inside('(() => { "use strict"; return typeof this })()')).toBe('undefined')
    expect(await inside('String(getPolicy.caller ?? null)')).toMatch(/null|TypeError/)
  })

  it('isolates bots from each other', async () => {
    expect(await inside('(Object.prototype.leak = 1, globalThis.leak = 1)')).toBe(1)
    expect(await inside('typeof leak + typeof ({}).leak')).toBe('undefinedundefined')
  })

  it('freezes policies', async () => {
    expect(await inside("Object.isFrozen(getPolicy('p'))")).toBe(true)
  })

  it('has a clock and randomness that depend only on the run, and UTC as local time', async () => {
    for (const expression of ['Date.now()', 'new Date().toISOString()', 'Date()', 'Math.random()', 'new Date().getHours()']) {
      expect(await inside(expression)).toEqual(await inside(expression))
      expect(await inside(expression)).not.toEqual(await inside(expression, 2))
    }
    expect(await inside('Object.getPrototypeOf(Date) === Function.prototype && new Date(0).constructor === Date')).toBe(true)
    expect(
      await inside("[new Date('2023-06-07T12:00'), new Date(2023, 5, 7, 12), new Date('2023-06-07'), new Date('Jun 7 2023 12:00')]"),
    ).toEqual(['2023-06-07T12:00:00.000Z', '2023-06-07T12:00:00.000Z', '2023-06-07T00:00:00.000Z', '2023-06-07T12:00:00.000Z'])
    expect(await inside("new Date('2023-06-07T12:00:00+02:00').getHours()")).toBe(10)
    expect(await inside('new Date(0).getTimezoneOffset()')).toBe(0)
  })

  it('stops at exactly the same step every time', async () => {
    const steps = async () => {
      const sandbox = await BotSandbox.open(SANDBOX_LIMITS, () => false)
      sandbox.load(
        "export const policies = ['p']\nlet n = 0\nexport default (r) => { if (r.ask) return { alert: 'x', value: n }; for (;;) n++ }",
      )
      sandbox.begin(1, '{}')
      expect(sandbox.judge('[{}]', 1)).toMatchObject({ stop: { kind: 'budget' }, verdicts: '' })
      const { alerts } = sandbox.judge('[{"ask":true}]', 1)
      return alerts
    }
    expect(await steps()).toMatch(/^\["x",\d{6,}\];$/)
    expect(new Set([await steps(), await steps(), await steps()]).size).toBe(1)
  })
})

describe('inspectBot', () => {
  it('returns the policies that a bot declares', async () => {
    expect(await inspectBot("export const policies = ['b', 'a', 'b']\nexport default function inspect() {}")).toEqual({
      policies: ['a', 'b'],
    })
  })

  it.each([
    ['not JavaScript', 'SyntaxError'],
    ['export const policies = ["a"]', 'no default export'],
    ['export default () => null', 'no policies'],
    ['export const policies = "a"; export default () => null', 'no policies'],
    ['import "x"; export const policies = ["a"]; export default () => null', 'no imports (x)'],
    ['for (;;) {}', 'used up its steps'],
    [`//${'x'.repeat(256 * 1024)}`, 'at most 262144'],
  ])('refuses %.40s', async (source, message) => {
    expect(await inspectBot(source)).toEqual({ error: { code: 'HMS_BOT_INVALID', message: expect.stringContaining(message) } })
  })
})
