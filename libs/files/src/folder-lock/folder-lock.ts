import { createHash } from 'node:crypto'
import { mkdirSync, realpathSync, closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { isObject, jsonIn } from '#libs/contracts'

type EmbeddedErrorCode =
  | 'HMS_DATA_FOLDER_IN_USE'
  | 'HMS_DATABASE_BINARIES_MISSING'
  | 'HMS_DATABASE_FOLDER_UNREACHABLE'
  | 'HMS_DATABASE_PASSWORD_MISSING'
  | 'HMS_DATABASE_PORT_IN_USE'
  | 'HMS_DATABASE_START_FAILED'

/** Failure of the embedded database or of its folder that the user at the terminal can resolve; `next` says what to do. */
export class EmbeddedError extends Error {
  override readonly name = 'EmbeddedError'

  constructor(
    readonly code: EmbeddedErrorCode,
    message: string,
    readonly next: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Holder of a folder lock. A holder that did not respond has no members. */
type Holder = { pid?: number; purpose?: string }

export type FolderLock = { release(): Promise<void> }

type Claim = FolderLock | { heldBy: Holder }

/**
 * Locks the data folder for this process, by an address on Linux and Windows, else by a file lock; not across machines or containers. The
 * kernel releases it when the process ends, even by `kill -9`. `purpose`: activity shown to others. Throws `HMS_DATA_FOLDER_IN_USE`.
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
  const next = `Stop ${pid === undefined ? 'it' : `process ${pid}`}, or choose another folder with --data`
  throw new EmbeddedError('HMS_DATA_FOLDER_IN_USE', `The data folder ${path} is in use by ${who}`, next)
}

/** Returns the address of the lock: Linux' abstract namespace, which leaves no file; on Windows a named pipe; `undefined` elsewhere. */
function lockAddress(path: string): string | undefined {
  const name = `hms-svc-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`
  if (process.platform === 'linux') return `\0${name}`
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`
  return undefined
}

/** Flag of open(2) on macOS and the BSDs (sys/fcntl.h): takes an exclusive flock. Node passes it through but has no constant for it. */
const O_EXLOCK = 0x20

/** Locks a file. The file stays after the release, because removing it would let a third process lock a new file of the same name. */
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

/** Returns the holder that a lock file names; empty if the file cannot be read. */
function readHolder(path: string): Holder {
  try {
    return holderIn(readFileSync(path, 'utf8'))
  } catch {
    return {}
  }
}

/** Returns the holder described by a JSON text; empty for any other text. */
function holderIn(text: string): Holder {
  const holder = jsonIn(text)
  return isObject(holder) ? holder : {}
}

const ATTEMPTS = 5
const ANSWER_MS = 1_000

/** Claims an address on which one process at a time can listen, and sends `holder` to each client that connects. */
export async function claimSocket(address: string, holder: Holder): Promise<Claim> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const server = await listen(address, holder)
    if (server) return { release: () => close(server) }
    const heldBy = await ask(address)
    if (heldBy) return { heldBy }
    // The holder ended between `listen` and `ask`, so the address is free again.
  }
  return { heldBy: {} }
}

async function listen(address: string, holder: Holder): Promise<Server | undefined> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined) // the client disconnected
    socket.end(JSON.stringify(holder))
  })
  try {
    server.listen({ path: address })
    await once(server, 'listening')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined
    throw error
  }
  server.unref() // the lock must not keep the process running
  return server
}

/** Requests the holder from the listener: `undefined` if none listens, empty if it does not respond (stopped or very busy). */
async function ask(address: string): Promise<Holder | undefined> {
  const socket = connect({ path: address })
  socket.setTimeout(ANSWER_MS, () => socket.destroy())
  try {
    await once(socket, 'connect')
  } catch {
    return undefined
  }
  return holderIn(await text(socket).catch(() => ''))
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  await closed
}
