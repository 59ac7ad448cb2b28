import { type RemoteFolder, SftpFailure } from './remote-folder.js'

export interface DroppedFile {
  name: string
  bytes: Buffer
}

/** `found`: an earlier attempt had already written all files. `acknowledged`: the partner has acknowledged the document. */
export type DropResult = 'written' | 'found' | 'acknowledged'

/** Maximum number of names in a folder that are searched for part files of earlier attempts. */
const MAX_NAMES = 10_000

/** Returns the name of the acknowledgement file that a partner writes beside a document. */
export function ackName(document: string): string {
  return `${document}.ack`
}

/**
 * Writes files in the given order, the document last, each complete or not at all. Skips files already correct, so the next attempt
 * finishes the work after a crash. `tag`: names this attempt's part files, so an abandoned attempt that still runs cannot write into them.
 */
export async function dropFiles(folder: RemoteFolder, files: readonly DroppedFile[], tag: string): Promise<DropResult> {
  const document = files.at(-1)
  const isAcknowledged = document !== undefined && (await folder.sizeOf(ackName(document.name))) !== undefined
  await removeParts(folder, files)
  if (isAcknowledged) return 'acknowledged'
  let result: DropResult = 'found'
  for (const file of files) {
    if (await holds(folder, file)) continue
    // Part files are hidden, because receivers commonly process every visible file.
    await put(folder, file, `.${file.name}.${tag}.part`)
    result = 'written'
  }
  return result
}

async function put(folder: RemoteFolder, { name, bytes }: DroppedFile, part: string): Promise<void> {
  try {
    await folder.create(part, bytes)
    // Some servers report a full disk only by a short file.
    const size = await folder.sizeOf(part)
    if (size !== bytes.length) throw new SftpFailure('failed', `the server kept ${size ?? 0} of ${bytes.length} bytes of ${name}`)
    await folder.replace(part, name)
  } catch (error) {
    await folder.remove(part).catch(() => undefined)
    throw error
  }
}

async function holds(folder: RemoteFolder, { name, bytes }: DroppedFile): Promise<boolean> {
  if ((await folder.sizeOf(name)) !== bytes.length) return false
  try {
    return bytes.equals(await folder.read(name, bytes.length))
  } catch (error) {
    // The folder may be writable but not readable. Comparing sizes is sufficient: only a complete file gets this name.
    if (error instanceof SftpFailure && error.reason === 'denied') return true
    throw error
  }
}

/** Removes part files of earlier attempts at the same files. On a server without listing or removal they stay. */
async function removeParts(folder: RemoteFolder, files: readonly DroppedFile[]): Promise<void> {
  const starts = files.map(({ name }) => `.${name}.`)
  const isPart = (name: string): boolean => name.endsWith('.part') && starts.some((start) => name.startsWith(start))
  try {
    for (const name of (await folder.list(MAX_NAMES)).filter(isPart)) await folder.remove(name)
  } catch (error) {
    if (!(error instanceof SftpFailure) || !['missing', 'denied', 'failed'].includes(error.reason)) throw error
  }
}
