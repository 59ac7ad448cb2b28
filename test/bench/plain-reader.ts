import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const END_OF_HEAD = '\r\n\r\n'
const TEXT = 0x81

/**
 * A WebSocket reader that does as little as one can: the handshake, then frames by their length. What a client library costs is not what a
 * bench of the server measures. Resolves once its first frame is there, which `onFrame` does not get. Frames come with their header.
 */
export async function plainReader(url: URL, onFrame: (data: Buffer) => void): Promise<Socket> {
  const socket = connect({ port: Number(url.port), host: url.hostname, noDelay: true })
  await once(socket, 'connect')
  const key = randomBytes(16).toString('base64')
  const upgrade = `Host: ${url.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13`
  socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\n${upgrade}${END_OF_HEAD}`)
  return new Promise((resolve, reject) => {
    let [isOpen, hasFirst] = [false, false]
    const whole = wholeParts((bytes) => (isOpen ? endOfFrame(bytes) : endOfHead(bytes)))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server closed the connection before its first frame')))
    socket.on('data', (data) => {
      // Nearly always: one frame, and nothing before it.
      if (hasFirst && whole.isAtStart() && endOfFrame(data) === data.length) return void (data[0] === TEXT && onFrame(data))
      for (const part of whole.take(data)) {
        if (!isOpen && !part.toString('latin1').startsWith('HTTP/1.1 101')) return void socket.destroy()
        if (isOpen && hasFirst && part[0] === TEXT) onFrame(part)
        if (isOpen && !hasFirst) resolve(socket)
        hasFirst = isOpen
        isOpen = true
      }
    })
  })
}

/** Cuts what arrives into wholes; `endOf` says where one ends, `undefined` as long as that is not known. */
function wholeParts(endOf: (bytes: Buffer) => number | undefined) {
  let [waiting, size, wanted]: [Buffer[], number, number] = [[], 0, 0]
  return {
    isAtStart: () => size === 0,
    *take(data: Buffer): Generator<Buffer> {
      waiting.push(data)
      size += data.length
      // A large one is put together once, not with each piece.
      while (size > 0 && size >= wanted) {
        const bytes = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting)
        const end = endOf(bytes)
        waiting = [bytes]
        wanted = end ?? size + 1
        if (end === undefined || end > size) return
        waiting = end === size ? [] : [bytes.subarray(end)]
        size -= end
        wanted = 0
        yield bytes.subarray(0, end)
      }
    },
  }
}

function endOfHead(bytes: Buffer): number | undefined {
  const at = bytes.indexOf(END_OF_HEAD)
  return at < 0 ? undefined : at + END_OF_HEAD.length
}

/** A server masks nothing, and ours cuts no message in parts. */
function endOfFrame(bytes: Buffer): number | undefined {
  const start = bytes.length < 2 ? 2 : startOfPayload(bytes)
  if (bytes.length < start) return undefined
  if (start === 2) return start + bytes[1]!
  return start + (start === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2)))
}

export function startOfPayload(bytes: Buffer): number {
  const short = bytes[1]!
  return short < 126 ? 2 : short === 126 ? 4 : 10
}
