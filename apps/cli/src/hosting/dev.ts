import { processEnvironment, stopSignal, VERSION } from '#libs/platform'
import { loadProgram } from '#libs/process'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as Demo from '../../../demo/src/demo.js'
import type { CliContext } from '../context.js'
import { prepareDevFolder } from './data-folder.js'
import { startEmbedded } from './embedded-system.js'
import { placeOf, type PlaceFlags } from './place.js'
import { commandsToTry } from './try-it.js'

export async function runDev(context: CliContext, flags: PlaceFlags & { reset?: boolean }): Promise<void> {
  const { output } = context
  const { port, dataDir } = placeOf(context, flags)
  const startedAt = performance.now()
  const stopRequested = stopSignal()
  // Loaded while the services start, so the ready message is not delayed.
  const [{ ASSETS }, system] = await Promise.all([
    loadProgram<typeof Demo>('demo/src/demo'),
    startEmbedded({
      port,
      dataDir,
      environment: processEnvironment(),
      prepare: (folder) => prepareDevFolder(folder, flags.reset === true, (text) => output.note(text)),
    }),
  ])
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const folder = relative(process.cwd(), system.dataDir) || '.'
  const sample = fileURLToPath(new URL('policies/pm25-1.5.0.yaml', ASSETS))
  const next = commandsToTry({ cwd: process.cwd(), dataDir: system.dataDir, url: system.url, sample })
  output.data({ url: system.url, dataDir: system.dataDir, version: VERSION }, () => [
    `HMS-SVC ${VERSION} is ready after ${seconds} s   (profile dev: not for production)`,
    `  URL    ${system.url}   /openapi.json  /asyncapi.json  /metrics`,
    `  Data   ${folder}   (kept; --reset clears)`,
    `  Next   ${next[0]}`,
    `         ${next[1]}`,
    'Ctrl-C stops everything.',
  ])
  try {
    await Promise.race([stopRequested, system.failed])
    output.note('Stopping…')
  } finally {
    await system.stop()
  }
}
