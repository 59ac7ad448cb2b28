import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { HmsError } from '#libs/contracts'

export interface GivenFile extends Access {
  bytes: Buffer
}

const CHUNK_BYTES = 64 * 1024

/** Flags to open a FIFO without waiting for a writer, and a terminal without making it the controlling one. Windows has neither flag. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0) // guard: file-no-wait

/**
 * Reads a regular file named by a user or the environment, up to `maxBytes` whatever its stated size. Checks the open file, not the
 * path, which may change. Throws 400 `HMS_FILE_UNREADABLE` (cause: system error), `HMS_FILE_NOT_REGULAR` or `HMS_FILE_TOO_LARGE`.
 */
export async function readGivenFile(path: string, maxBytes: number): Promise<GivenFile> {
  const file = await opened(path)
  try {
    const found = await file.stat()
    // guard: file-regular
    if (!found.isFile()) throw refusal('HMS_FILE_NOT_REGULAR', `${path} is ${kindOf(found)}; only regular files are read`)
    const bytes = found.size > maxBytes ? undefined : await readUpTo(file, maxBytes)
    if (bytes === undefined) throw refusal('HMS_FILE_TOO_LARGE', `${path} is larger than ${sizeOf(maxBytes)}`)
    return { bytes, mode: found.mode & 0o777, uid: found.uid }
  } catch (error) {
    throw asRefusal(path, error)
  } finally {
    await file.close()
  }
}

/** Reads a file like `readGivenFile` and decodes it like `utf8Text`. */
export async function readGivenText(path: string, maxBytes: number): Promise<string> {
  return utf8Text(path, (await readGivenFile(path, maxBytes)).bytes)
}

/** Decodes the bytes of `path`, without a leading byte order mark. Throws 400 `HMS_FILE_NOT_UTF8` rather than replace letters. */
export function utf8Text(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw refusal('HMS_FILE_NOT_UTF8', `${path} is not UTF-8 text; save it as UTF-8`, error)
  }
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path, FLAGS)
  } catch (error) {
    // A socket cannot be opened at all.
    if (codeOf(error) === 'ENXIO') throw refusal('HMS_FILE_NOT_REGULAR', `${path} is a socket; only regular files are read`)
    throw asRefusal(path, error)
  }
}

/** Returns the content; `undefined` if the file is larger than `maxBytes`. */
async function readUpTo(file: FileHandle, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  for (let total = 0; ;) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, maxBytes + 1 - total))
    const { bytesRead } = await file.read(chunk, 0, chunk.length, null)
    if (bytesRead === 0) return Buffer.concat(chunks)
    chunks.push(chunk.subarray(0, bytesRead))
    total += bytesRead
    if (total > maxBytes) return undefined // guard: file-bound
  }
}

function kindOf(found: { isDirectory(): boolean; isFIFO(): boolean }): string {
  if (found.isDirectory()) return 'a folder'
  return found.isFIFO() ? 'a pipe' : 'a device'
}

function sizeOf(bytes: number): string {
  return bytes % (1024 * 1024) === 0 ? `${bytes / 1024 / 1024} MiB` : `${bytes / 1024} KiB`
}

function asRefusal(path: string, error: unknown): HmsError {
  if (error instanceof HmsError) return error
  const reason = codeOf(error) === 'ENOENT' ? 'there is no such file' : (error as Error).message
  return refusal('HMS_FILE_UNREADABLE', `${path} cannot be read: ${reason}`, error)
}

function refusal(code: string, detail: string, cause?: unknown): HmsError {
  return new HmsError(code, detail, { status: 400, cause })
}

/** Returns the code of a system error, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code
}

export interface Access {
  mode: number
  uid: number
}

/**
 * Returns which users besides its owner can access a file with a secret; `undefined` if none can, and on Windows, which has no permission
 * bits. Group read is allowed if another user owns the file: Kubernetes passes secrets to a non-root process that way.
 */
export function exposedTo({ mode, uid }: Access, ownUid = process.getuid?.()): string | undefined {
  if (ownUid === undefined) return undefined
  if ((mode & 0o007) !== 0) return 'everybody on this machine'
  if ((mode & 0o020) !== 0 || ((mode & 0o040) !== 0 && uid === ownUid)) return 'its group'
  return undefined
}

/** Throws 403 `HMS_KEY_EXPOSED` for a private key that other users can read or replace, as ssh does. */
export function requirePrivate(path: string, access: Access): void {
  const others = exposedTo(access)
  if (others === undefined) return
  const mode = access.mode.toString(8).padStart(4, '0')
  const detail =
    `${path} is open to ${others} (mode ${mode}), and its key signs in a person's name; close it, and replace it where ` +
    `others may have read it`
  throw new HmsError('HMS_KEY_EXPOSED', detail, { status: 403, next: [`chmod 600 ${path}`] })
}
