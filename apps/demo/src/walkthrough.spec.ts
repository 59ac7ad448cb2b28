import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApiClient } from '#libs/client'
import { ASSETS, Walkthrough } from './walkthrough.js'

const POLICY = 'epa-pm25-limit'
const SAMPLE = fileURLToPath(new URL('policies/pm25.yaml', ASSETS))
const run = (number: number, version: string, state: string, began: string[] = []) => ({
  run: number,
  state,
  policies: [{ id: POLICY, version, digest: '' }],
  stages: ['lint', 'canary', 'rollout'].map((stage) => ({ stage, startedAt: began.includes(stage) ? '2026-11-30T00:00:00Z' : null })),
})
const OLD_RUN = run(1, '1.5.0', 'SUCCEEDED')

let services: Server
let answers: Record<string, unknown>
let ran: string[][]
let code: number
let folder: string
let walkthrough: Walkthrough
const readers = [
  { bot: 'a', region: 'NCR' },
  { bot: 'b', region: 'VA' },
  { bot: 'c', region: 'VA' },
]

beforeEach(async () => {
  ran = []
  code = 0
  folder = await mkdtemp(join(tmpdir(), 'walkthrough-'))
  present([OLD_RUN], '1.5.0')
  services = createServer(({ url = '' }, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answers[url.split('?')[0]!]))
  })
  await new Promise<void>((resolve) => services.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(services.address() as AddressInfo).port}`
  const host = {
    api: new ApiClient({ url }),
    folder,
    commandOf: (argv: readonly string[]) => argv.join(' '),
    runQuietly: async (argv: readonly string[]) => {
      ran.push([...argv])
      return { code, output: `ran ${argv[0]}\n` }
    },
  }
  walkthrough = new Walkthrough(host, { readersOf: (version) => (version === '2.0.0' ? readers : []) })
})
afterEach(async () => {
  services.closeAllConnections()
  services.close()
  await rm(folder, { recursive: true })
})

function present(runs: unknown[], live: string, tickets: unknown[] = []): void {
  answers = { '/v1/runs': runs, '/v1/policies': [{ id: POLICY, version: live }], '/v1/tickets': tickets }
}
const enabled = async (): Promise<string[]> => (await walkthrough.steps()).filter(({ why }) => why === undefined).map(({ name }) => name)

describe('the walkthrough of the demo', () => {
  it('lets a person sign once 1.5.0 is with all bots', async () => {
    expect(await enabled()).toEqual([])
    await walkthrough.press('sign')
    expect(ran).toEqual([])
    walkthrough.isPrepared = true
    expect(await enabled()).toEqual(['sign'])
    await walkthrough.press('sign')
    expect(ran).toEqual([['approve', SAMPLE, '--sign', 'EPA Chief']])
    present([run(2, '2.0.0', 'LINTING'), OLD_RUN], '1.5.0')
    const [sign] = await walkthrough.steps()
    expect([sign?.why, sign?.output]).toEqual(['A run is under way.', 'ran approve'])
  })

  it('names the run that was signed, and none while the command failed', async () => {
    walkthrough.isPrepared = true
    code = 3
    await walkthrough.press('sign')
    code = 0
    present([run(2, '2.0.0', 'FAILED'), OLD_RUN], '1.5.0')
    await walkthrough.press('sign')
    expect(await walkthrough.signed).toBe(2)
  })

  it.each([
    ['CANARY', '1.5.0', ['canary'], ['canary', 'complain', 'proof']],
    ['ROLLING_OUT', '1.5.0', ['canary', 'rollout'], ['canary', 'wave', 'proof']],
    ['BAKING', '2.0.0', ['canary', 'rollout'], ['canary', 'wave', 'complain', 'back', 'proof']],
    ['SUCCEEDED', '2.0.0', ['canary', 'rollout'], ['canary', 'wave', 'back', 'proof']],
    ['ROLLED_BACK', '1.5.0', ['canary', 'rollout'], ['sign', 'canary', 'wave', 'proof']],
  ])('offers in %s with %s in force what fits', async (state, live, began, names) => {
    walkthrough.isPrepared = true
    present([run(2, '2.0.0', state, began), OLD_RUN], live)
    expect(await enabled()).toEqual(names)
  })

  it('lets two bots that read the new version complain, decides the ticket, and takes it back', async () => {
    const ticket = { ticket: 4, allowed: ['accept', 'retry'] }
    present([run(2, '2.0.0', 'BAKING', ['canary', 'rollout']), OLD_RUN], '2.0.0', [ticket])
    for (const name of ['complain', 'decide', 'back', 'wave', 'nothing']) await walkthrough.press(name)
    expect(ran.map((argv) => argv.slice(0, 3))).toEqual([
      ['alert', '--bot', 'a'],
      ['alert', '--bot', 'b'],
      ['tickets', 'decide', '4'],
      ['rollback', `${POLICY}@1.5.0`, '--reason'],
    ])
  })

  it('signs the next patch version after one was taken back', async () => {
    walkthrough.isPrepared = true
    present([run(2, '2.0.0', 'SUCCEEDED', ['canary']), OLD_RUN], '1.5.0')
    await walkthrough.press('sign')
    const path = join(folder, 'pm25-2.0.1.yaml')
    expect(ran).toEqual([['approve', path, '--sign', 'EPA Chief']])
    expect(await readFile(path, 'utf8')).toMatch(/version +: 2\.0\.1\n[^]*limit +: 25/)
  })
})
