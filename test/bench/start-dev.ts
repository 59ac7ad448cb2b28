import { join } from 'node:path'
import { freePort, ready, scratchFolder, Served, until } from '../support/processes.js'

/** All services in one process, with a database of its own. */
export interface Dev {
  url: string
  dataDir: string
  pid: number
  /** Its data go with it. */
  stop(): Promise<void>
}

export async function startDev(env: Record<string, string> = {}): Promise<Dev> {
  const folder = scratchFolder()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const dataDir = join(folder.path, 'data')
  const dev = Served.start(['dev', '--port', String(port), '--data', dataDir], env)
  await until('dev is ready', () => ready(url))
  const stop = async (): Promise<void> => {
    await dev.stop()
    folder.remove()
  }
  return { url, dataDir, pid: dev.pid, stop }
}
