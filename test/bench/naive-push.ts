import { nowMs } from './figures.js'
import { startFloor } from './floor-server.js'
import { pin, SERVER_CORE } from './pin.js'
import { plainReader } from './plain-reader.js'
import { inSlices } from './press-under-load.js'

/** Milliseconds between the first and the last reader of a bare `ws` server that sends each of them a string of this size. */
export async function naivePush(readers: number, bytes: number, rounds: number): Promise<number[]> {
  const server = await startFloor(new URL('naive-push.mjs', import.meta.url), bytes)
  try {
    pin(server.pid, SERVER_CORE)
    const url = new URL(`http://127.0.0.1:${server.port}/`)
    let heard = (): void => {}
    const clients = await inSlices(readers, () => plainReader(url, () => heard()))
    const took: number[] = []
    for (let round = 0; round < rounds; round++) {
      const times: number[] = []
      await new Promise<void>((resolve) => {
        heard = () => {
          times.push(nowMs())
          if (times.length === readers) resolve()
        }
        clients[0]!.write(ASK)
      })
      took.push(times.at(-1)! - times[0]!)
    }
    for (const client of clients) client.destroy()
    return took
  } finally {
    server.stop()
  }
}

/** An empty text frame, with the mask that a client's has. */
const ASK = Buffer.from([0x81, 0x80, 0, 0, 0, 0])
