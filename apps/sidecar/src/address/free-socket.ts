import { HmsError } from '#libs/contracts'
import { lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'

/** Length of `sun_path` on the smaller systems, without its NUL. Some versions of Node truncate longer paths silently. */
const MAX_PATH_BYTES = 103

/**
 * Removes a socket that a dead process left behind. Throws `HMS_SIDECAR_SOCKET_IN_USE` if another process listens on it,
 * `HMS_SIDECAR_SOCKET_REFUSED` for any other file; neither is touched.
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

/** Whether a process listens. Only a refused connection proves that none does: a full or forbidden socket belongs to another process. */
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
