import { HmsError } from '#libs/contracts'
import { lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'

/** `sun_path` of the smaller systems, without its NUL. Longer ones are cut in silence by some versions of Node. */
const MAX_PATH_BYTES = 103

/**
 * Makes way for a socket: what a dead process left behind is removed. A socket that somebody listens on is `HMS_SIDECAR_SOCKET_IN_USE`, any
 * other file `HMS_SIDECAR_SOCKET_REFUSED`; neither is touched.
 */
export async function freeSocket(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw socketError(`The path of a socket has ${MAX_PATH_BYTES} bytes at most: ${path}`)
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw socketError(`No socket can be made at ${path} (${error.code}).`, error)
  })
  if (found === undefined) return
  if (!found.isSocket()) throw socketError(`${path} is there and no socket; it is left alone.`)
  if (await isAlive(path)) {
    throw new HmsError('HMS_SIDECAR_SOCKET_IN_USE', `Another process answers on ${path}.`, {
      status: 409,
      next: ['hms-svc sidecar --socket PATH'],
    })
  }
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw socketError(`${path} was left behind and cannot be removed (${error.code}).`, error)
  })
}

/** Only a refused connection says that nobody is there: one that is full, or not for us, belongs to somebody. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((answer) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      answer(true)
    })
    probe.once('error', (error: NodeJS.ErrnoException) => answer(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'))
  })
}

function socketError(detail: string, cause?: unknown): HmsError {
  return new HmsError('HMS_SIDECAR_SOCKET_REFUSED', detail, { status: 400, next: ['hms-svc sidecar --socket PATH'], cause })
}
