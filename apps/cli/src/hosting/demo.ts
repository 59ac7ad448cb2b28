import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ApiClient, authorizationFrom } from '#libs/client'
import { EXIT } from '#libs/contracts'
import { processEnvironment, signalled } from '#libs/platform'
import { readCliEnvironment } from '../cli.config.js'
import type { CliContext } from '../context.js'
import { durationFlag } from '../flags.js'
import type { CliIo } from '../io.js'
import { processIo } from '../process-io.js'
import { prepareDemoFolder } from './data-folder.js'
import { startEmbedded } from './embedded-system.js'
import { loadProgram } from './load-program.js'
import { placeOf, type PlaceFlags } from './place.js'
import { commandsBehindDemo, type DemoTarget } from './try-it.js'

const OBSERVE_MS = 10_000

/** Partners' servers of the demo, started before the system. */
interface PartnerServers {
  environment: Record<string, string>
  stop(): Promise<void>
}

/** Mirrors `playDemo` of apps/demo, which is loaded late and by name: apps do not import apps. */
interface DemoModule {
  ASSETS: URL
  startPartnerServers(): Promise<PartnerServers>
  playDemo(stage: {
    url: string
    api: ApiClient
    partners: PartnerServers
    roster: string
    say(text: string): void
    run(argv: string[]): Promise<number>
  }): Promise<{ exitCode: number; stop(): Promise<void> }>
}

/** `once`: ends with the run's exit code instead of serving until Ctrl-C. */
interface DemoFlags extends PlaceFlags {
  once?: boolean
  observe?: string
}

export async function runDemo(context: CliContext, flags: DemoFlags): Promise<number> {
  const place = placeOf(context, flags)
  const observeMs = durationFlag('--observe', flags.observe)
  const demo = await loadProgram<DemoModule>('demo/src/demo')
  const partners = await demo.startPartnerServers()
  try {
    return await play(context, { ...place, once: flags.once === true, observeMs }, demo, partners)
  } finally {
    await partners.stop()
  }
}

async function play(
  { output, runCli }: CliContext,
  { port, dataDir: folder, once, observeMs }: { port: number; dataDir: string; once: boolean; observeMs: number | undefined },
  { playDemo, ASSETS }: DemoModule,
  partners: PartnerServers,
): Promise<number> {
  const stopAsked = signalled()
  const dataDir = resolve(folder)
  const say = (text: string): void => output.note(text)
  const observe = `${observeMs ?? OBSERVE_MS}ms`
  const environment = { HMS_APPROVER_OBSERVE: observe, ...(observeMs === undefined ? definedObserve() : {}) }
  const system = await startEmbedded({
    port,
    dataDir,
    environment: { ...processEnvironment(), ...environment, ...partners.environment },
    prepare: (prepared) => prepareDemoFolder(prepared, say),
  })
  say(`HMS-SVC is ready on ${system.url}   (demo: data in ${folder}, not for production)`)
  const api = new ApiClient({ url: system.url, timeoutMs: 10_000, authorize: authorizationFrom({ url: system.url, dataDir }) })
  const playing = playDemo({
    url: system.url,
    api,
    partners,
    roster: join(dataDir, 'roster.json'),
    say,
    run: (argv) => runAt(fileURLToPath(ASSETS), (io) => runCli(argv, io), system.url, dataDir),
  })
  try {
    const ended = await Promise.race([playing, stopAsked.then(() => undefined), system.failed])
    if (ended !== undefined && !once) {
      printNext(say, { cwd: process.cwd(), dataDir, port })
      await Promise.race([stopAsked, system.failed])
    }
    if (!once || ended === undefined) say('Stopping…')
    if (ended === undefined) return EXIT.interrupted
    return once ? ended.exitCode : EXIT.done
  } finally {
    // The walkthrough may still be running; its parts are stopped when it notices that the system is gone.
    const story = settled(playing)
    await system.stop()
    await (await story)?.stop()
  }
}

/** Runs the CLI as a person would, in the folder of `policies/`, against the demo and with its keys. */
async function runAt(cwd: string, run: (io: CliIo) => Promise<number>, url: string, dataDir: string): Promise<number> {
  const io = { ...processIo(), environment: readCliEnvironment({ ...processEnvironment(), HMS_URL: url, HMS_DATA_DIR: dataDir }) }
  const before = process.cwd()
  process.chdir(cwd)
  try {
    return await run(io)
  } finally {
    process.chdir(before)
  }
}

function printNext(say: (text: string) => void, place: DemoTarget): void {
  say('')
  say('Everything stays up. In another terminal:')
  for (const command of commandsBehindDemo(place)) say(`  ${command}`)
  say('Ctrl-C stops it.')
}

/** Waits for an interrupted demo, whose parts must still be stopped. */
async function settled<T>(playing: Promise<T>): Promise<T | undefined> {
  return playing.catch(() => undefined)
}

/** Returns the observation time of the caller's environment, which overrides the demo's. */
function definedObserve(): Record<string, string> {
  const given = processEnvironment()['HMS_APPROVER_OBSERVE']
  return given === undefined || given === '' ? {} : { HMS_APPROVER_OBSERVE: given }
}
