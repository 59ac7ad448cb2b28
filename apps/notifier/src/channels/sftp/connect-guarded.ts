import { connect, type LookupFunction, type Socket } from 'node:net'

/**
 * Opens a TCP connection to an address that `lookup` has checked; `host` as returned by `checkPartnerHost`, because a literal is never
 * looked up.
 */
export function connectGuarded(
  host: string,
  port: number,
  lookup: LookupFunction,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, lookup, signal })
    const timer = setTimeout(() => socket.destroy(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' })), timeoutMs)
    const fail = (error: Error): void => {
      clearTimeout(timer)
      reject(error)
    }
    socket.once('error', fail)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', fail)
      resolve(socket)
    })
  })
}
