import { createServer, type Server, type ServerResponse } from 'node:http'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareApproval, signApproval, statement, submitApproval } from '#libs/client'
import type { CoverageView, RunView } from '#libs/contracts'
import { parsePolicy } from '#libs/policy'
import { renderRun } from '../../apps/cli/src/output/render-run.js'
import { LooseApi } from '../support/loose-api.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { RawBot } from '../support/raw-bot.js'

const POLICY = 'epa-pm25-limit'
const ASSETS = new URL('../../apps/demo/assets/', import.meta.url)
const SECOND = 1_000

/** What each part of the story takes; everything else takes no virtual time. Acknowledgements of bots are published within 250 ms. */
const DECLARED = {
  cohortAcknowledges: 42 * SECOND,
  observe: 300 * SECOND,
  everyoneAcknowledges: 45 * SECOND,
  bake: 300 * SECOND,
  partnersAnswer: 15 * SECOND,
}
const TOLD_ON = 250

describe('the PM 2.5 walkthrough on memory adapters and virtual time', () => {
  let system: MemorySystem
  let partners: Server
  let waiting: ServerResponse[] = []
  let bots: RawBot[] = []
  let api: LooseApi

  beforeAll(async () => {
    system = await startMemorySystem({ HMS_CANARY_CONTROLLER_ACKNOWLEDGE_TIMEOUT: '5m', HMS_ROLLOUT_ACKNOWLEDGE_TIMEOUT: '5m' })
    api = new LooseApi({
      url: system.url,
      timeoutMs: 20_000,
      authorize: statement(
        async () => ({ signer: system.operator, audience: system.roster.installation }),
        () => system.clock.now(),
      ),
    })
    partners = createServer((request, response) => {
      request.resume().on('end', () => waiting.push(response))
    })
    await new Promise<void>((resolve) => partners.listen(0, '127.0.0.1', resolve))
    await register()
  })

  afterAll(async () => {
    for (const bot of bots) bot.close()
    partners.closeAllConnections()
    partners.close()
    await system.stop()
  })

  it('delivers 2.0.0 to all readers in the declared 11 min 42 sec', async () => {
    const first = await approve('1.5.0', 35, { observeMs: 0, bakeMs: 0 })
    await whenState(first, 'NOTIFYING')
    await answerPartners()
    await whenState(first, 'SUCCEEDED')
    await connectFleet()

    const run = await approve('2.0.0', 25)
    await whenState(run, 'CANARY')
    await whenever(() => cohort().length > 0 && cohort().length < bots.length)
    await pass(DECLARED.cohortAcknowledges - TOLD_ON)
    await acknowledge()
    await pass(TOLD_ON)
    await whenever(async () => (await api.get<{ state: string }>(`/v1/canaries/${run}`)).state === 'observing')

    await pass(DECLARED.observe)
    await whenever(() => bots.every((bot) => versionOf(bot) === '2.0.0'))
    await pass(DECLARED.everyoneAcknowledges - TOLD_ON)
    await acknowledge()
    await pass(TOLD_ON)
    await whenState(run, 'BAKING')
    await pass(DECLARED.bake)
    await whenState(run, 'NOTIFYING')
    await whenever(() => waiting.length === 6)
    await pass(DECLARED.partnersAnswer)
    await answerPartners()
    await whenState(run, 'SUCCEEDED')

    const view = await show(run)
    expect(renderRun(view).join('\n')).toMatch(
      new RegExp(
        [
          String.raw`^RUN #2  epa-pm25-limit@2\.0\.0$`,
          String.raw`^• Lint & Schema \.+ PASS$`,
          String.raw`^• Simulation Replay \.+ PASS \(98\.4% bots adapted, 63/64; .*\)$`,
          String.raw`^• Canary 5% traffic \(National Capital Region\) \.+ PASS \(.*0 unexplained alerts; .*power vs 2x \d+%; LOW_POWER\)$`,
          String.raw`^• Full Rollout \.+ PASS \(20 of 20 bots acknowledged\)$`,
          String.raw`^• Partner Notifications \.+ 6 sent$`,
          String.raw`^DEPLOYMENT SUCCESSFUL  —  11 min 42 sec$`,
          String.raw`^In force: 20 of 20 bots after \d+ min \d+ s; 6 of 6 partners told after 11 min 42 s$`,
        ].join('\n'),
        'm',
      ),
    )
    // Of the 365 days of readings, the region's exceed 25 sixty times.
    const figures = view.stages.find(({ stage }) => stage === 'canary')!.figures!
    expect(figures.load).toEqual({ alerts: 0, predicted: expect.closeTo((figures.cohortHours / 24) * (60 / 365), 9) as number })
    const took = Date.parse(view.endedAt!) - Date.parse(view.createdAt)
    expect(took).toBe(Object.values(DECLARED).reduce((sum, ms) => sum + ms, 0))
  })

  async function register(): Promise<void> {
    const text = (path: string): string => readFileSync(new URL(path, ASSETS), 'utf8')
    await api.post('/v1/corpora', {
      id: 'virginia-2023',
      format: 'csv',
      content: text('virginia-2023.csv'),
      map: { at: 'date', pm25: 'pm25_ug_m3' },
    })
    await api.post('/v1/scenarios', { file: 'pm25-violation.yaml', source: text('scenarios/pm25-violation.yaml') })
    for (let index = 1; index <= 63; index++) await api.post('/v1/bots', { id: `inspector-${index}`, source: text('bots/inspector.js') })
    await api.post('/v1/bots', { id: 'hard-coded-35', source: text('bots/hard-coded.js') })
    const { port } = partners.address() as { port: number }
    for (let index = 1; index <= 6; index++) {
      const webhook = { url: `http://127.0.0.1:${port}/${index}`, secret: `whsec_${Buffer.alloc(32, index).toString('base64')}` }
      await api.post('/v1/partners', {
        id: `partner-${index}`,
        name: `Partner ${index}`,
        groups: [],
        channels: [{ webhook }],
        networks: ['127.0.0.1/32'],
      })
    }
    await system.settle()
  }

  async function approve(version: string, limit: number, plan: { observeMs?: number; bakeMs?: number } = {}): Promise<number> {
    const yaml = `id: ${POLICY}\nversion: ${version}\neffective: 2024-09-01T00:00:00Z\nlimit: ${limit}\nunits: ug_per_m3\n`
    const parsed = parsePolicy(yaml, 'pm25.yaml')
    if (!parsed.ok) throw new Error(parsed.findings[0]!.message)
    const prepared = await prepareApproval(api, [parsed.source.policy], plan)
    const signatures = await signApproval(prepared, system.signers.get('EPA Chief')!)
    return (await submitApproval(api, prepared, signatures)).run!
  }

  /** `bot-0007` and its like fall below 5 % for this policy, so that the canary has a cohort. */
  async function connectFleet(): Promise<void> {
    const names = Array.from({ length: 18 }, (_, index) => `inspector-${index}`)
    bots = await Promise.all([...names, 'bot-0007', 'bot-0088'].map((bot) => RawBot.connect(system.url, bot, 'NCR')))
    await acknowledge()
    await pass(TOLD_ON)
  }

  async function acknowledge(): Promise<void> {
    const now = system.clock.now().getTime()
    for (const bot of bots) bot.acknowledge(POLICY, now)
    await whenever(async () => (await api.get<CoverageView>('/v1/coverage', { policy: POLICY })).current === bots.length)
  }

  function cohort(): RawBot[] {
    return bots.filter((bot) => versionOf(bot) === '2.0.0')
  }

  function versionOf(bot: RawBot): string | undefined {
    return bot.versionOf(POLICY, system.clock.now().getTime())
  }

  async function answerPartners(): Promise<void> {
    await whenever(() => waiting.length === 6)
    for (const response of waiting) response.writeHead(204).end()
    waiting = []
  }

  async function pass(ms: number): Promise<void> {
    await system.settle()
    const until = system.clock.now().getTime() + ms
    for (let next = system.clock.nextAt(); next !== undefined && next <= until; next = system.clock.nextAt()) {
      system.clock.advanceTo(next)
      await system.settle()
    }
    system.clock.advanceTo(until)
    await system.settle()
  }

  /** Waits for what sockets bring, without moving time. */
  async function whenever(holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) await system.settle()
  }

  async function whenState(run: number, state: string): Promise<void> {
    await whenever(async () => (await show(run)).state === state)
  }

  function show(run: number): Promise<RunView> {
    return api.get<RunView>(`/v1/runs/${run}`)
  }
})
