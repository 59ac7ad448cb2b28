import { describe, expect, it } from 'vitest'
import { defineProgram } from '../../apps/cli/src/program.js'
import { ioForTest } from '../../apps/cli/src/testing/run-cli.js'
import { problemOf } from '../../apps/cli/src/errors.js'
import { errorOfResponse } from '../../libs/client/src/api/problem-to-error.js'
import { action, ACTIONS, command } from '../../libs/contracts/src/actions.js'
import { HmsError } from '../../libs/contracts/src/problem.js'
import { toProblem } from '../../libs/platform/src/http/problem.js'
import { SERVICES } from '../../libs/contracts/src/services.js'
import { silentLogger } from '../../libs/platform/src/logger.js'
import { sourcesOf } from './root.js'

const PRODUCTIVE = /^(?!.*(\.(spec|suite)\.|\/testing\/)).*\.tsx?$/
const CODE = [...sourcesOf('apps', PRODUCTIVE), ...sourcesOf('libs', PRODUCTIVE)]

/** An argument of each name. */
const VALUES = {
  address: 'air@epa.example',
  bot: 'epa-1',
  corpus: 'ohio',
  decision: 'retry',
  digest: `sha256:${'0'.repeat(64)}`,
  letter: 'linter/7',
  name: 'pm25',
  option: '--canary 10%',
  partner: 'epa',
  policy: 'pm25',
  releases: `sha256:${'0'.repeat(64)}`,
  run: 7,
  scope: 'read',
  service: 'audit',
  ticket: 3,
  version: '2.0.0',
}
const render = command as (code: string, values: Readonly<Record<string, string | number>>) => string

/** Why the program would refuse a command line; `undefined` if it would not. */
function refusal(line: string): string | undefined {
  const program = defineProgram(ioForTest())
  let verb = program
  // Options of the program may follow the verb.
  const { operands: given, unknown: more } = program.parseOptions(line.split(' ').slice(1))
  let words = [...given, ...more]
  for (let child; (child = verb.commands.find((known) => known.name() === words[0])) !== undefined; words = words.slice(1)) verb = child
  if (verb === program) return 'no such verb'
  if (words[0] === '--help') return undefined
  if (verb.commands.length > 0 && words.length > 0) return 'no such verb below'
  const { operands, unknown } = verb.parseOptions(words)
  const taken = verb.registeredArguments
  if (unknown.length > 0) return `unknown ${unknown.join(' ')}`
  if (operands.length > taken.length && taken.at(-1)?.variadic !== true) return `too many: ${operands.join(' ')}`
  return operands.length < taken.filter(({ required }) => required).length ? 'an argument is missing' : undefined
}

describe('the actions that errors and records name', () => {
  // A sentence that names the verb alone leaves its arguments out.
  const lines = Object.keys(ACTIONS).filter((code) => !code.endsWith('.verb'))

  it.each(lines)('%s is a command line that the program takes', (code) => {
    const line = render(code, VALUES)
    expect(line).not.toMatch(/[{}]|undefined/)
    expect(refusal(line.replace(/^[A-Z_]+=\S+ /, ''))).toBeUndefined()
  })

  it('each is a line of its own, and starts with the name of the program or a variable', () => {
    const rendered = Object.keys(ACTIONS).map((code) => render(code, VALUES))
    expect(new Set(rendered).size).toBe(rendered.length)
    for (const line of rendered) expect(line).toMatch(/^([A-Z_]+=\S+ )?hms-svc [a-z]/)
  })

  it('an argument is filled in unchanged', () => {
    expect(command('runs.decide', { decision: 'abort', run: 184 })).toBe('hms-svc runs abort 184 --reason TEXT --sign NAME')
    expect(command('get', { policy: '{run} $&' })).toBe('hms-svc get {run} $&')
    expect(command('serve.kafka')).toBe('HMS_BUS=kafka hms-svc serve SERVICE')
  })

  it('a response has them beside the command, and a reader of it keeps them', () => {
    const next = [action('get', { policy: 'pm25' }), 'GET /v1/export']
    const problem = toProblem(new HmsError('HMS_X', 'x', { status: 409, next }), { method: 'GET', url: '/v1/x' }, silentLogger)
    const steps = [{ command: 'hms-svc get pm25', action: 'get', arguments: { policy: 'pm25' } }, { command: 'GET /v1/export' }]
    expect(problem.next).toEqual(steps)
    const received = errorOfResponse('/v1/x', 409, 'application/problem+json', JSON.stringify(problem))
    expect(received.steps).toEqual(steps)
    expect(received.next).toEqual(['hms-svc get pm25', 'GET /v1/export'])
    expect(problemOf(received).next).toEqual(steps)
  })

  it('a reader keeps a code that it does not know', () => {
    const next = [{ command: 'hms-svc later 7', action: 'later', arguments: { run: '7' } }]
    expect(errorOfResponse('/v1/x', 409, 'application/problem+json', JSON.stringify({ code: 'HMS_X', next })).steps).toEqual(next)
  })

  it('are each used', () => {
    const text = CODE.map((source) => source.text).join('\n')
    const used = new Set([...text.matchAll(/\b(?:action|command)\(\s*'([a-z.-]+)'/g)].map(([, code]) => code))
    expect(Object.keys(ACTIONS).filter((code) => !used.has(code))).toEqual([])
  })

  it('are the commands of services and libs, which write none as text', () => {
    const spoken = new RegExp(`^(apps/(${SERVICES.join('|')})|libs/(?!client|verify|process)[a-z-]+)/`)
    const written = CODE.filter(({ path }) => spoken.test(path)).map(({ path, text }) => ({
      path,
      text: text.replaceAll(/\/\*.*?\*\//gs, ''),
    }))
    expect(written.filter(({ text }) => /(?<![/\w@-])hms-svc [a-z]/.test(text)).map(({ path }) => path)).toEqual([
      // The name of a connection.
      'libs/service/src/hosting/open-bus.ts',
    ])
  })
})
