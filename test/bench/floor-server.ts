import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** A server of a bench that does as little as one can, as a process of its own. */
export interface FloorServer {
  readonly port: number
  readonly pid: number
  stop(): void
}

/** `script`: plain Node; the first line that it prints is its port. */
export async function startFloor(script: URL, ...args: (string | number)[]): Promise<FloorServer> {
  const child = spawn(process.execPath, [script.pathname, ...args.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { port: Number(line.toString()), pid: child.pid!, stop: () => void child.kill() }
}
