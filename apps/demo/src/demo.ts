import type { ApiClient } from '#libs/client'
import { Fleet } from './fleet.js'
import { PartnerServers } from './partners/partner-servers.js'
import { ASSETS, Walkthrough, type WalkthroughHost } from './walkthrough.js'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

export { ASSETS }

/** What the demo needs of its host: a running system, and the CLI as a person would use it. */
export interface DemoStage extends WalkthroughHost {
  url: string
  /** Of `startPartnerServers`; the host stops them. */
  partners: PartnerServers
  /** File of the roster that the fleet is pinned to. */
  roster: string
  say(text: string): void
  /** Resolves when a person pressed Enter; absent if the demo signs by itself. */
  entered: Promise<void> | undefined
  /** Resolves when the demo has to end. */
  stopped: Promise<void>
  /** Runs one command line of `hms-svc` with the demo's policies in `policies/`; answers its exit code. */
  run(argv: string[]): Promise<number>
}

export interface Demo {
  walkthrough: Walkthrough
  /** Exit code of the run of 2.0.0. */
  ended: Promise<number>
  stop(): Promise<void>
}

/** To call before the system, which needs the mail port. */
export function startPartnerServers(): Promise<PartnerServers> {
  return new PartnerServers().start()
}

/** Starts the PM 2.5 demo: a fleet that applies 35 µg/m³, a signature, and the same fleet with 25. */
export function playDemo(stage: DemoStage): Demo {
  const fleet = new Fleet(stage.url, stage.roster)
  const walkthrough = new Walkthrough(stage, fleet)
  return { walkthrough, ended: play(stage, fleet, walkthrough), stop: () => fleet.close() }
}

async function play(stage: DemoStage, fleet: Fleet, walkthrough: Walkthrough): Promise<number> {
  const { say, partners } = stage
  await partners.register(stage.api)
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
  const old = fileURLToPath(new URL('policies/pm25-1.5.0.yaml', ASSETS))
  const before = await stage.run(['approve', old, '--sign', 'EPA Chief', '--observe', '1s', '--bake', '1s', '--watch', '--quiet'])
  if (before !== 0) return before
  await fleet.all('1.5.0')
  say(`  all ${fleet.size} bots read 35`)
  say('')
  say('The limit falls from 35 to 25. Observed and baked as HMS_APPROVER_OBSERVE says here (the product: 5 min):')
  walkthrough.isPrepared = true
  const receivedBefore = partners.receipts.length
  const code = await (stage.entered === undefined ? signAndWatch(stage) : watchSigned(stage, stage.entered, walkthrough))
  if (code !== 0) return code
  await fleet.all('2.0.0')
  const receipts = partners.receipts.slice(receivedBefore)
  say(`  all ${fleet.size} bots read 25; ${receipts.length} partners got it, and each checked what it got:`)
  for (const { partner, what, proof } of receipts) say(`    ${partner.padEnd(13)} ${what}: ${proof}`)
  return code
}

function signAndWatch({ say, run }: DemoStage): Promise<number> {
  say('$ hms-svc approve policies/pm25.yaml --sign "EPA Chief"')
  return run(['approve', fileURLToPath(new URL('policies/pm25.yaml', ASSETS)), '--sign', 'EPA Chief', '--watch'])
}

/** Waits until a person signs, in the page or with Enter, and watches that run. Interrupted, it returns the exit code 130. */
async function watchSigned(stage: DemoStage, entered: Promise<void>, walkthrough: Walkthrough): Promise<number> {
  stage.say(`Press "Sign the new limit" on ${stage.url}, or Enter here.`)
  void entered.then(() => walkthrough.press('sign')).catch(() => undefined)
  const run = await Promise.race([walkthrough.signed, stage.stopped])
  if (run === undefined) return 130
  stage.say('$ hms-svc approve policies/pm25.yaml --sign "EPA Chief"')
  return stage.run(['runs', 'watch', String(run)])
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
