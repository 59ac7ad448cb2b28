import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { quietIdleQueues } from './idle-queues.js'
import { fetchIncrementally } from './incremental-fetches.js'

const KEEP_ALIVE_MS = 60_000

/**
 * Socket factory that delivers complete responses only; an invalid length becomes a connection error. Otherwise kafkajs 2.2.4 appends the
 * next connection's bytes to a truncated response and ends the process with a RangeError: ten times in two hours of a kill test.
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
  // With Nagle's algorithm, a request's end waits for the TCP acknowledgement of its start, which the broker's host delays by up to 40 ms.
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

/** Size of the length field of a response. The request's number follows, so the length is at least `LEAST_LENGTH`. */
const LENGTH_BYTES = 4
const LEAST_LENGTH = 4
/** Upper bound of a response; kafkajs requests no larger one, so a larger length is not from a broker. */
const MOST_LENGTH = 128 * 1024 * 1024

/** Reassembles responses. `deliver` gets all responses that a chunk completes, in one buffer. `refuse`: called for an invalid length. */
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
