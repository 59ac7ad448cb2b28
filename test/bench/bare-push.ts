import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { nowMs } from './figures.js'
import { startFloor } from './floor-server.js'
import { pin, SERVER_CORE } from './pin.js'
import { inSlices } from './press-under-load.js'

/** Milliseconds until the first and the last of so many bare sockets have a buffer of this size, round after round. */
export async function barePush(readers: number, bytes: number, rounds: number): Promise<{ first: number[]; last: number[] }> {
  const server = await startFloor(new URL('bare-push.mjs', import.meta.url), bytes, readers)
  try {
    pin(server.pid, SERVER_CORE)
    let heard: (socket: Socket, size: number) => void = () => {}
    const sockets = await inSlices(readers, async () => {
      const socket = connect({ port: server.port, host: '127.0.0.1', noDelay: true })
      socket.on('data', (data) => heard(socket, data.length))
      await once(socket, 'connect')
      return socket
    })
    const [first, last]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      const left = new Map(sockets.map((socket) => [socket, bytes]))
      const done = new Promise<void>((resolve) => {
        let isFirst = true
        heard = (socket, size) => {
          if (isFirst) first.push(nowMs() - startedAt)
          isFirst = false
          const open = left.get(socket)! - size
          if (open > 0) left.set(socket, open)
          else left.delete(socket)
          if (left.size === 0) resolve()
        }
      })
      const startedAt = nowMs()
      sockets[0]!.write('go')
      await done
      last.push(nowMs() - startedAt)
    }
    for (const socket of sockets) socket.destroy()
    return { first, last }
  } finally {
    server.stop()
  }
}
