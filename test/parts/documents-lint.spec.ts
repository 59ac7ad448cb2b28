import { Parser } from '@asyncapi/parser'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ROOT } from '../architecture/root.js'
import { finished, scratchFolder } from '../support/processes.js'

const OPEN_API = join(ROOT, 'docs/openapi.json')
const ASYNC_API = join(ROOT, 'docs/asyncapi.json')
const REDOCLY = join(ROOT, 'node_modules/@redocly/cli/bin/cli.js')
/** Neither counted anywhere nor compared with a newer one: the test needs no network. */
const OFFLINE = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }

/** Every rule of the linters' recommended sets, warnings included; what other tools read of these documents then means what it says. */
describe('the OpenAPI document', () => {
  const scratch = scratchFolder()
  afterAll(() => scratch.remove())

  it('has no findings of Redocly', () => {
    expect(problemsOf(OPEN_API)).toEqual([])
  })

  it('has no findings of Spectral and of openapi-spec-validator', { timeout: 600_000 }, async () => {
    writeFileSync(join(scratch.path, 'rules.yaml'), 'extends: ["spectral:oas"]\n')
    const commands = [
      `cd '${scratch.path}'`,
      'npm install --no-save --no-audit --no-fund --loglevel=error --prefix spectral @stoplight/spectral-cli@6.16.3',
      `spectral/node_modules/.bin/spectral lint --ruleset rules.yaml --fail-severity hint '${OPEN_API}'`,
      'python3 -m venv venv && venv/bin/pip install --quiet openapi-spec-validator==0.7.2',
      `venv/bin/openapi-spec-validator '${OPEN_API}'`,
    ]
    const ran = await finished('sh', ['-ec', commands.join('\n')], {}, 500_000)
    expect(ran.code, ran.stdout + ran.stderr).toBe(0)
  })

  it('would have some, with an operation without a description', () => {
    const document = JSON.parse(readFileSync(OPEN_API, 'utf8')) as { paths: Record<string, object> }
    document.paths['/v1/nameless'] = { get: { responses: { 200: { description: 'Nothing.' } } } }
    const file = join(scratch.path, 'openapi.json')
    writeFileSync(file, JSON.stringify(document))
    expect(problemsOf(file)).toEqual(expect.arrayContaining(['operation-operationId', 'operation-summary', 'security-defined']))
  })
})

describe('the AsyncAPI document', () => {
  const parser = new Parser()

  it('has no findings of its parser', async () => {
    expect(await parser.validate(readFileSync(ASYNC_API, 'utf8'))).toEqual([])
  })

  it('would have, with a channel without an address and a message that is nowhere', async () => {
    const document = JSON.parse(readFileSync(ASYNC_API, 'utf8')) as { channels: Record<string, object> }
    document.channels['nowhere'] = { address: 7, messages: { lost: { $ref: '#/components/messages/lost' } } }
    expect((await parser.validate(JSON.stringify(document))).map(({ code }) => code)).toEqual(expect.arrayContaining(['invalid-ref']))
  })
})

/** Rules that a file breaks, in a process of its own: the linter has no interface but its command line. */
function problemsOf(file: string): string[] {
  const args = [REDOCLY, 'lint', file, '--extends', 'recommended', '--format', 'json']
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: OFFLINE })
  if (stdout === '') throw new Error(stderr)
  return (JSON.parse(stdout) as { problems: { ruleId: string }[] }).problems.map(({ ruleId }) => ruleId)
}
