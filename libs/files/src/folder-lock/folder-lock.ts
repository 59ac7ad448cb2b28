import { createHash } from 'node:crypto'
import { mkdirSync, realpathSync, closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddedError } from './embedded-error.js'
import { claimSocket } from './lock-socket.js'
import type { Claim, Holder } from './claim.js'

export type FolderLock = { release(): Promise<void> }

/**
 * Locks the data folder for this process. The kernel releases the lock with the process, so a holder killed with `kill -9` leaves nothing
 * stale and two starters can never both win: an address on Linux and Windows, a file lock elsewhere. The lock does not reach across
 * machines or containers: a folder shared between those is not supported.
 * @param options.purpose activity shown to a second process that wants the lock, for example `dev`
 * @throws EmbeddedError HMS_DATA_FOLDER_IN_USE
 */
export async function acquireFolder(folder: string, options: { purpose: string }): Promise<FolderLock> {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const path = realpathSync(folder)
  const holder = { pid: process.pid, purpose: options.purpose }
  const address = lockAddress(path)
  const claim = address ? await claimSocket(address, holder) : claimFile(join(path, 'folder.lock'), holder)
  if (!('heldBy' in claim)) return claim
  const { pid, purpose } = claim.heldBy
  const who = pid === undefined ? 'another process' : `process ${pid}${purpose ? ` (${purpose})` : ''}`
  throw new EmbeddedError(
    'HMS_DATA_FOLDER_IN_USE',
    `The data folder ${path} is in use by ${who}`,
    `Stop ${pid === undefined ? 'it' : `process ${pid}`}, or choose another folder with --data`,
  )
}

/** Linux: the abstract namespace, which leaves nothing in a file system. Windows: a named pipe. */
function lockAddress(path: string): string | undefined {
  const name = `hms-svc-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`
  if (process.platform === 'linux') return `\0${name}`
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`
  return undefined
}

/**
 * macOS and the BSDs: open(2) takes an exclusive flock together with the file (sys/fcntl.h). Node passes the flag through, but has no name
 * for it.
 */
const O_EXLOCK = 0x20

/** Locks a file. The file stays after the release: removing it would let a third process lock a new file of the same name. */
function claimFile(path: string, holder: Holder): Claim {
  let file: number
  try {
    file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | O_EXLOCK, 0o644)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return { heldBy: readHolder(path) }
    throw error
  }
  ftruncateSync(file)
  writeSync(file, JSON.stringify(holder))
  let open = true
  const release = async () => {
    if (open) closeSync(file)
    open = false
  }
  return { release }
}

function readHolder(path: string): Holder {
  try {
    const holder: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return typeof holder === 'object' && holder !== null ? holder : {}
  } catch {
    return {}
  }
}
