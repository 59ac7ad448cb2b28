import type { ApiClient } from '#libs/client'
import { Fleet } from './fleet.js'
import { PartnerServers } from './partners/partner-servers.js'
import { readFile } from 'node:fs/promises'

/** What the demo needs of its host: a running system, and the CLI as a person would use it. */
export interface DemoStage {
  url: string
  /** With the operator's key. */
  api: ApiClient
  /** Of `startPartnerServers`; the host stops them. */
  partners: PartnerServers
  /** File of the roster that the fleet is pinned to. */
  roster: string
  say(text: string): void
  /** Runs one command line of `hms-svc` with the demo's policies in `policies/`; answers its exit code. */
  run(argv: string[]): Promise<number>
}

export interface Demo {
  /** Exit code of the run of 2.0.0. */
  exitCode: number
  stop(): Promise<void>
}

/** Folder with the policies, bots and readings of the story. */
export const ASSETS = new URL(import.meta.url.endsWith('.ts') ? '../assets/' : '../../../../apps/demo/assets/', import.meta.url)

/** Before the system, which has to know where mail goes. */
export function startPartnerServers(): Promise<PartnerServers> {
  return new PartnerServers().start()
}

/** The PM 2.5 story: a fleet that applies 35 µg/m³, a signature, and the same fleet with 25. */
export async function playDemo(stage: DemoStage): Promise<Demo> {
  await stage.partners.register(stage.api)
  const fleet = new Fleet(stage.url, stage.roster)
  const stop = (): Promise<void> => fleet.close()
  try {
    return { exitCode: await tell(stage, fleet), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function tell(stage: DemoStage, fleet: Fleet): Promise<number> {
  const { say, partners } = stage
  const readings = await registerReplayMaterial(stage.api, ASSETS)
  say(
    `Replay: ${REPLAY_BOTS} inspection bots, one of them with 35 hard-coded; ${readings.toLocaleString('en')} EPA readings of ` +
      `Virginia, 2023`,
  )
  await fleet.connect()
  say(`Fleet:  ${fleet.size} bots connected by the SDK (${fleet.census()})`)
  say(`Notify: ${partners.count} partners with servers of their own on this machine: two take webhooks, two mail, two files over SFTP`)
  say(`Page:   ${stage.url}/panes holds panes over one connection; Air quality turns red when the limit falls`)
  say('')
  say('1.5.0 (limit 35) goes live first; in this demo it is observed and baked for one second each:')
  const before = await stage.run([
    'approve',
    'policies/pm25-1.5.0.yaml',
    '--sign',
    'EPA Chief',
    '--observe',
    '1s',
    '--bake',
    '1s',
    '--watch',
    '--quiet',
  ])
  if (before !== 0) return before
  await fleet.all('1.5.0')
  say(`  all ${fleet.size} bots read 35`)
  say('')
  say('The limit falls from 35 to 25. Observed and baked as HMS_APPROVER_OBSERVE says here (the product: 5 min):')
  say('$ hms-svc approve policies/pm25.yaml --sign "EPA Chief"')
  const receivedBefore = partners.receipts.length
  const code = await stage.run(['approve', 'policies/pm25.yaml', '--sign', 'EPA Chief', '--watch'])
  if (code !== 0) return code
  await fleet.all('2.0.0')
  const receipts = partners.receipts.slice(receivedBefore)
  say(`  all ${fleet.size} bots read 25; ${receipts.length} partners got it, and each checked what it got:`)
  for (const { partner, what, proof } of receipts) say(`    ${partner.padEnd(13)} ${what}: ${proof}`)
  return code
}

const REPLAY_BOTS = 64

const ADAPTING_BOTS = REPLAY_BOTS - 1

const CORPUS_TIMEOUT_MS = 30_000

/** Registers what the replay runs: the readings, the scenario, and 64 bots of which one ignores the policy. */
async function registerReplayMaterial(api: ApiClient, assets: URL): Promise<number> {
  const text = (path: string): Promise<string> => readFile(new URL(path, assets), 'utf8')
  const corpus = {
    id: 'virginia-2023',
    format: 'csv' as const,
    content: await text('virginia-2023.csv'),
    map: { at: 'date', pm25: 'pm25_ug_m3' },
  }
  const { readings } = await api.post('/v1/corpora', corpus, { timeoutMs: CORPUS_TIMEOUT_MS })
  await api.post('/v1/scenarios', { file: 'scenarios/pm25-violation.yaml', source: await text('scenarios/pm25-violation.yaml') })
  const adapting = await text('bots/inspector.js')
  for (let index = 1; index <= ADAPTING_BOTS; index++) await api.post('/v1/bots', { id: `inspector-${index}`, source: adapting })
  await api.post('/v1/bots', { id: 'hard-coded-35', source: await text('bots/hard-coded.js') })
  return readings
}
