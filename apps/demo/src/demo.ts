import type { ApiClient } from '#libs/client'
import { Fleet } from './fleet.js'
import { startPartners, type Partners } from './partners.js'
import { registerReplayMaterial, REPLAY_BOTS } from './replay-material.js'

/** What the demo needs of its host: a running system, and the CLI as a person would use it. */
export interface DemoStage {
  url: string
  /** With the operator's key. */
  api: ApiClient
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

/** The PM 2.5 story: a fleet that lives under 35 µg/m³, a signature, and the same fleet under 25. */
export async function playDemo(stage: DemoStage): Promise<Demo> {
  const partners = await startPartners(stage.api)
  const fleet = new Fleet(stage.url, stage.roster)
  const stop = async (): Promise<void> => {
    await fleet.close()
    await partners.stop()
  }
  try {
    return { exitCode: await tell(stage, partners, fleet), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function tell(stage: DemoStage, partners: Partners, fleet: Fleet): Promise<number> {
  const { say } = stage
  const readings = await registerReplayMaterial(stage.api, ASSETS)
  say(
    `Replay: ${REPLAY_BOTS} inspection bots, one of them with 35 hard-coded; ${readings.toLocaleString('en')} EPA readings of ` +
      `Virginia, 2023`,
  )
  await fleet.connect()
  say(`Fleet:  ${fleet.size} bots connected by the SDK (${fleet.census()})`)
  say(`Told:   ${partners.count} partners with webhook receivers on this machine (state-airboards, epa-open-data)`)
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
  const told = partners.received()
  const code = await stage.run(['approve', 'policies/pm25.yaml', '--sign', 'EPA Chief', '--watch'])
  if (code !== 0) return code
  await fleet.all('2.0.0')
  say(`  all ${fleet.size} bots read 25; ${partners.received() - told} partners got policy.updated and verified its signature`)
  return code
}
