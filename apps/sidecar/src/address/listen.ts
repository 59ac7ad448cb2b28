import { HmsError } from '#libs/contracts'
import { listenError } from '#libs/platform'
import { once } from 'node:events'
import { type AddressInfo, connect, type Server } from 'node:net'
import { resolve } from 'node:path'
import { lstat, unlink } from 'node:fs/promises'

/** Address of a side-car: always loopback or a Unix socket, so that other machines cannot read values through the side-car. */
export type ListenAddress = { port: number } | { socket: string }

const LOOPBACK = '127.0.0.1'
const SOCKET_NEXT = ['hms-svc sidecar --socket PATH']
/** umask for a socket to which only its owner may connect. */
const OWNER_ONLY = 0o177

/** Resolves to the address once the server listens there. */
export async function listen(server: Server, address: ListenAddress): Promise<string> {
  return 'port' in address ? listenOnPort(server, address.port) : listenOnSocket(server, resolve(address.socket))
}

async function listenOnPort(server: Server, port: number): Promise<string> {
  await once(server.listen(port, LOOPBACK), 'listening').catch((error: unknown) => {
    throw listenError(LOOPBACK, port, error, (other) => `hms-svc sidecar --port ${other}`)
  })
  return `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`
}

async function listenOnSocket(server: Server, path: string): Promise<string> {
  await removeStaleSocket(path)
  // `listen` binds before it returns, so the socket file has its mode from the start and no other file is created under this umask.
  const mask = process.umask(OWNER_ONLY)
  try {
    server.listen(path)
  } finally {
    process.umask(mask)
  }
  try {
    await once(server, 'listening')
  } catch (error) {
    throw creationError(path, error)
  }
  return path
}

/** Smallest `sun_path` of the supported systems (104 bytes on macOS) without its NUL. Some Node versions truncate longer paths silently. */
const MAX_PATH_BYTES = 103

/**
 * Removes the socket file of a dead process. Throws `HMS_SIDECAR_SOCKET_IN_USE` if another process listens on the socket, and
 * `HMS_SIDECAR_SOCKET_REFUSED` for any other file; the file is unchanged then.
 */
async function removeStaleSocket(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw socketError(`A socket path may have at most ${MAX_PATH_BYTES} bytes: ${path}`)
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw creationError(path, error)
  })
  if (found === undefined) return
  if (!found.isSocket()) throw socketError(`${path} exists and is not a socket; it was not changed.`)
  if (await isInUse(path))
    throw new HmsError('HMS_SIDECAR_SOCKET_IN_USE', `Another process listens on ${path}.`, { status: 409, next: SOCKET_NEXT })
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw socketError(`The stale socket ${path} cannot be removed (${error.code}).`, error)
  })
}

/**
 * Whether a process listens on the socket. Only a refused connection or a missing file proves that none does; after any other error, such
 * as a full backlog or a missing permission, the socket may be in use.
 */
function isInUse(path: string): Promise<boolean> {
  return new Promise((answer) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      answer(true)
    })
    probe.once('error', (error: NodeJS.ErrnoException) => answer(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'))
  })
}

function creationError(path: string, error: unknown): HmsError {
  const { code = 'unknown' } = error as { code?: string }
  return socketError(`The socket ${path} cannot be created (${code}).`, error)
}

function socketError(detail: string, cause?: unknown): HmsError {
  return new HmsError('HMS_SIDECAR_SOCKET_REFUSED', detail, { status: 400, next: SOCKET_NEXT, cause })
}
