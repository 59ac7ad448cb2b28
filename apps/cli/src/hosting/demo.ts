import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ApiClient, authorizationFrom } from '#libs/client'
import { EXIT } from '#libs/contracts'
import { processEnvironment, stopSignal } from '#libs/platform'
import { readCliEnvironment } from '../cli.config.js'
import type { CliContext } from '../context.js'
import { durationFlag } from '../flags.js'
import type { CliIo } from '../io.js'
import { processIo } from '../process-io.js'
import type { DEMO, FlagsOf } from '../verbs/options.js'
import { prepareDemoFolder } from './data-folder.js'
import { startEmbedded } from './embedded-system.js'
import { loadProgram } from './load-program.js'
import { placeOf } from './place.js'
import { commandsAfterDemo } from './try-it.js'

const OBSERVE_MS = 10_000

/** Partners' servers of the demo, started before the system. */
interface PartnerServers {
  environment: Record<string, string>
  stop(): Promise<void>
}

/** Mirrors `playDemo` of apps/demo, which is imported dynamically by name because apps do not import apps. */
export interface DemoModule {
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

type DemoFlags = FlagsOf<typeof DEMO>

/** Runs the demo. With `--once` it ends with the exit code of the run instead of serving until Ctrl-C. */
export async function runDemo(context: CliContext, flags: DemoFlags): Promise<number> {
  const target = placeOf(context, flags)
  const observeMs = durationFlag('--observe', flags.observe)
  // The caller's environment overrides the demo's default.
  const HMS_APPROVER_OBSERVE =
    observeMs === undefined ? processEnvironment()['HMS_APPROVER_OBSERVE'] || `${OBSERVE_MS}ms` : `${observeMs}ms`
  const demo = await loadProgram<DemoModule>('demo/src/demo')
  const partners = await demo.startPartnerServers()
  try {
    return await play(context, target, flags.once === true, demo, partners, { HMS_APPROVER_OBSERVE, ...partners.environment })
  } finally {
    await partners.stop()
  }
}

async function play(
  { output, runCli }: CliContext,
  { port, dataDir: folder }: { port: number; dataDir: string },
  once: boolean,
  { playDemo, ASSETS }: DemoModule,
  partners: PartnerServers,
  environment: Record<string, string>,
): Promise<number> {
  const stopRequested = stopSignal()
  const dataDir = resolve(folder)
  const print = (text: string): void => output.note(text)
  const system = await startEmbedded({
    port,
    dataDir,
    environment: { ...processEnvironment(), ...environment },
    prepare: (prepared) => prepareDemoFolder(prepared, print),
  })
  print(`HMS-SVC is ready on ${system.url}   (demo: data in ${folder}, not for production)`)
  const api = new ApiClient({ url: system.url, timeoutMs: 10_000, authorize: authorizationFrom({ url: system.url, dataDir }) })
  const playing = playDemo({
    url: system.url,
    api,
    partners,
    roster: join(dataDir, 'roster.json'),
    say: print,
    run: (argv) => runAt(fileURLToPath(ASSETS), (io) => runCli(argv, io), system.url, dataDir),
  })
  try {
    const ended = await Promise.race([playing, stopRequested.then(() => undefined), system.failed])
    if (ended !== undefined && !once) {
      const commands = commandsAfterDemo({ cwd: process.cwd(), dataDir, url: system.url }).map((command) => `  ${command}`)
      for (const line of ['', 'Everything stays up. In another terminal:', ...commands, 'Ctrl-C stops it.']) print(line)
      await Promise.race([stopRequested, system.failed])
    }
    if (!once || ended === undefined) print('Stopping…')
    if (ended === undefined) return EXIT.interrupted
    return once ? ended.exitCode : EXIT.done
  } finally {
    // The walkthrough may still be running. It ends when it notices that the system has stopped; its bots are stopped afterwards.
    const walkthrough = playing.catch(() => undefined)
    await system.stop()
    await (await walkthrough)?.stop()
  }
}

/** Runs the CLI as a person would, in the folder that contains `policies/`, against the demo and with its keys. */
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
