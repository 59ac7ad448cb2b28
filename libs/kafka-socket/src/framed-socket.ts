import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { quietIdleQueues } from './idle-queues.js'
import { fetchIncrementally } from './incremental-fetches.js'

const KEEP_ALIVE_MS = 60_000

/**
 * Socket factory for kafkajs. kafkajs 2.2.4 keeps the beginning of a truncated response, appends the next connection's bytes, and reads a
 * length from the middle: the resulting RangeError is thrown in a socket's event and ends the process (a long kill run: ten times in two
 * hours of broken connections). This socket passes on complete responses only, so nothing is left of a truncated one; an invalid response
 * length becomes a connection error, which kafkajs handles.
 */
export function framedSocket({
  host,
  port,
  ssl,
  onConnect,
}: {
  host: string
  port: number
  ssl?: ConnectionOptions
  onConnect: () => void
}): Socket {
  quietIdleQueues()
  fetchIncrementally(framedSocket)
  const name = isIP(host) === 0 ? { servername: host } : {}
  const socket = !ssl ? connectPlain({ host, port }, onConnect) : connectTls({ host, port, ...name, ...ssl }, onConnect)
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  // Otherwise the end of a request would wait for the broker's acknowledgement of the bytes before it, which a broker delays by up to 40
  // ms.
  socket.setNoDelay(true)
  const on = socket.on.bind(socket) as (event: string, listener: (...args: never[]) => void) => Socket
  socket.on = (event: string, listener: (...args: never[]) => void) =>
    on(
      event,
      event === 'data'
        ? (wholeFrames(listener as unknown as (frames: Buffer) => void, (error) => socket.destroy(error)) as (...args: never[]) => void)
        : listener,
    )
  return socket
}

/** Each response of a broker starts with its length, four bytes, and its request's number, four more. */
const LENGTH_BYTES = 4
const LEAST_LENGTH = 4
/** Above every requested response; a larger length is not from a broker. */
const MOST_LENGTH = 128 * 1024 * 1024

/**
 * Reassembles responses from received bytes and passes on complete ones only, those that arrived together in one piece, in order. `refuse`
 * is called once for an invalid length; nothing is passed on afterwards.
 */
export function wholeFrames(deliver: (frames: Buffer) => void, refuse: (error: Error) => void): (chunk: Buffer) => void {
  let held: Buffer[] = []
  let size = 0
  let needed = LENGTH_BYTES
  let refused = false
  return (chunk) => {
    if (refused) return
    held.push(chunk)
    size += chunk.length
    if (size < needed) return
    const bytes = held.length === 1 ? chunk : Buffer.concat(held, size)
    let end = 0
    needed = LENGTH_BYTES
    while (bytes.length - end >= LENGTH_BYTES) {
      const length = bytes.readInt32BE(end)
      if (length < LEAST_LENGTH || length > MOST_LENGTH) {
        refused = true
        return refuse(new RangeError(`a broker does not answer with ${length} bytes`))
      }
      if (bytes.length - end < LENGTH_BYTES + length) {
        needed = LENGTH_BYTES + length
        break
      }
      end += LENGTH_BYTES + length
    }
    held = [bytes.subarray(end)]
    size = bytes.length - end
    if (end > 0) deliver(bytes.subarray(0, end))
  }
}
