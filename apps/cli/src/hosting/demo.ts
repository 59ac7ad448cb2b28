import { join, resolve } from 'node:path'
import { ApiClient, authorizationFrom } from '#libs/client'
import { EXIT } from '#libs/contracts'
import { loadProgram } from '#libs/process'
import { processEnvironment, stopSignal } from '#libs/platform'
import { readCliEnvironment } from '../cli.config.js'
import type * as Demo from '../../../demo/src/demo.js'
import type { CliContext } from '../context.js'
import { durationFlag } from '../flags.js'
import type { DEMO, FlagsOf } from '../verbs/options.js'
import { prepareDemoFolder } from './data-folder.js'
import { startEmbedded } from './embedded-system.js'
import { placeOf } from './place.js'
import { commandOf, commandsAfterDemo } from './try-it.js'

const OBSERVE_MS = 10_000

/** Runs the demo. With `--once` it ends with the exit code of the run instead of serving until Ctrl-C. */
export async function runDemo(context: CliContext, flags: FlagsOf<typeof DEMO>): Promise<number> {
  const target = placeOf(context, flags)
  const observeMs = durationFlag('--observe', flags.observe)
  // The caller's environment overrides the demo's default.
  const HMS_APPROVER_OBSERVE =
    observeMs === undefined ? processEnvironment()['HMS_APPROVER_OBSERVE'] || `${OBSERVE_MS}ms` : `${observeMs}ms`
  const demo = await loadProgram<typeof Demo>('demo/src/demo')
  const partners = await demo.startPartnerServers()
  try {
    return await play(context, target, flags.once === true, demo, partners, { HMS_APPROVER_OBSERVE, ...partners.environment })
  } finally {
    await partners.stop()
  }
}

async function play(
  context: CliContext,
  { port, dataDir: folder }: { port: number; dataDir: string },
  once: boolean,
  { playDemo }: typeof Demo,
  partners: Awaited<ReturnType<typeof Demo.startPartnerServers>>,
  environment: Record<string, string>,
): Promise<number> {
  const { io, output, runCli } = context
  const stopRequested = stopSignal()
  const dataDir = resolve(folder)
  const print = (text: string): void => output.note(text)
  let walkthrough: Demo.Demo['walkthrough'] | undefined
  const system = await startEmbedded({
    port,
    dataDir,
    environment: { ...processEnvironment(), ...environment },
    prepare: (prepared) => prepareDemoFolder(prepared, print),
    walkthrough: { steps: async () => walkthrough?.steps() ?? [], press: async (name) => walkthrough?.press(name) },
  })
  print(`HMS-SVC is ready on ${system.url}   (demo: data in ${folder}, not for production)`)
  const { url } = system
  const ioOfDemo = { ...io, environment: readCliEnvironment({ ...processEnvironment(), HMS_URL: url, HMS_DATA_DIR: dataDir }) }
  let close = (): void => undefined
  const entered = io.interactive && !once ? new Promise<void>((resolve) => (close = io.onLine(resolve))) : undefined
  const demo = playDemo({
    url,
    api: new ApiClient({ url, timeoutMs: 10_000, authorize: authorizationFrom({ url, dataDir }) }),
    folder: dataDir,
    partners,
    roster: join(dataDir, 'roster.json'),
    say: print,
    entered,
    stopped: Promise.race([stopRequested, system.failed]).then(
      () => undefined,
      () => undefined,
    ),
    run: (argv) => runCli(argv, ioOfDemo),
    runQuietly: async (argv) => {
      const texts: string[] = []
      const sink = { write: (text: string) => void texts.push(text), isTerminal: false, columns: null }
      const code = await runCli(argv, { ...ioOfDemo, stdout: sink, stderr: sink, interactive: false })
      return { code, output: texts.join('') }
    },
    commandOf: (argv) => commandOf({ cwd: process.cwd(), dataDir, url }, argv),
  })
  walkthrough = demo.walkthrough
  try {
    const ended = await Promise.race([demo.ended, stopRequested.then(() => undefined), system.failed])
    if (ended !== undefined && !once) {
      const commands = commandsAfterDemo({ cwd: process.cwd(), dataDir, url }).map((command) => `  ${command}`)
      for (const line of ['', `Everything stays up: ${url}. In another terminal:`, ...commands, 'Ctrl-C stops it.']) print(line)
      await Promise.race([stopRequested, system.failed])
    }
    if (!once || ended === undefined) print('Stopping…')
    if (ended === undefined) return EXIT.interrupted
    return once ? ended : EXIT.done
  } finally {
    close()
    // The walkthrough may still be running. It ends when it notices that the system has stopped; its bots are stopped afterwards.
    const playing = demo.ended.catch(() => undefined)
    await system.stop()
    await playing
    await demo.stop()
  }
}
