import { createServer } from 'node:net'

/**
 * Ports for servers that start later: below those that Linux gives to clients and to `listen(0)` (32768 and up), so that nobody else takes
 * them meanwhile, and each of them once in a process. Asked of `listen(0)` one after the other, 13 of 2,000 draws of eleven ports held one
 * twice: of the two servers on it one ended, and the other answered as ready for both.
 */
const FIRST = 10_000
const COUNT = 20_000

/** Processes with other ids begin far from each other. */
let drawn = (process.pid * 7_919) % COUNT

export async function freePort(): Promise<number> {
  for (let tried = 0; tried < COUNT; tried++) {
    const port = FIRST + (drawn++ % COUNT)
    if (await isFree(port)) return port
  }
  throw new Error(`all ports from ${FIRST} on are taken`)
}

/** Returns `count` free ports; the first is `wanted`, if given. */
export async function freePorts(count: number, wanted?: number): Promise<number[]> {
  const ports = wanted === undefined ? [] : [wanted]
  while (ports.length < count) ports.push(await freePort())
  return ports
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
