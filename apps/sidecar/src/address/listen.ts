import { HmsError } from '#libs/contracts'
import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { resolve } from 'node:path'
import { freeSocket } from './free-socket.js'

/** Address of a side-car. Always loopback or a socket file: only the owner may pass values to other machines. */
export type ListenAddress = { port: number } | { socket: string }

const LOOPBACK = '127.0.0.1'
/** umask of a socket that only its owner may connect to. */
const OWNER_ONLY = 0o177

/** Resolves to the address once the server listens there. */
export async function listen(server: Server, place: ListenAddress): Promise<string> {
  return 'port' in place ? listenOnPort(server, place.port) : listenOnSocket(server, resolve(place.socket))
}

async function listenOnPort(server: Server, port: number): Promise<string> {
  server.listen(port, LOOPBACK)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw portRefused(port, error)
  }
  return `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`
}

async function listenOnSocket(server: Server, path: string): Promise<string> {
  await freeSocket(path)
  // `listen` binds before it returns: the file has its mode from the start, and no other file is created under this mask.
  const mask = process.umask(OWNER_ONLY)
  try {
    server.listen(path)
  } finally {
    process.umask(mask)
  }
  try {
    await once(server, 'listening')
  } catch (error) {
    throw socketRefused(path, error)
  }
  return path
}

function portRefused(port: number, error: unknown): HmsError {
  const code = (error as { code?: string }).code
  if (code === 'EADDRINUSE')
    return new HmsError('HMS_PORT_IN_USE', `Port ${port} of ${LOOPBACK} is in use.`, {
      status: 409,
      next: [`hms-svc sidecar --port ${port + 1}`],
      cause: error,
    })
  return new HmsError('HMS_PORT_REFUSED', `Port ${port} of ${LOOPBACK} cannot be used (${code ?? 'unknown'}).`, {
    status: 400,
    next: ['hms-svc sidecar --port NUMBER'],
    cause: error,
  })
}

function socketRefused(path: string, error: unknown): HmsError {
  const code = (error as { code?: string }).code ?? 'unknown'
  return new HmsError('HMS_SIDECAR_SOCKET_REFUSED', `No socket can be made at ${path} (${code}).`, {
    status: 400,
    next: ['hms-svc sidecar --socket PATH'],
    cause: error,
  })
}
