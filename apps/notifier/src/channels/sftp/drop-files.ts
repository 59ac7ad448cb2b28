import type { RemoteFolder } from './remote-folder.js'
import { SftpFailure } from './remote-folder.js'

export interface DroppedFile {
  name: string
  bytes: Buffer
}

/** `found`: an earlier try had finished. `acknowledged`: the partner has answered that it took the document. */
export type DropResult = 'written' | 'found' | 'acknowledged'

/** A folder with more names is not searched for what earlier tries left. */
const MAX_NAMES = 10_000

/** What a partner writes beside a document to say that it took it. */
export function ackName(document: string): string {
  return `${document}.ack`
}

/**
 * Writes files so that each appears under its name whole or not at all, in this order: what describes the document first, the document
 * last. A try that finds a file as it should be leaves it alone; so after a crash at any point the next try finishes the work.
 *
 * @param tag names the part files of this try, so that a try that was given up and still runs cannot write into them
 */
export async function dropFiles(folder: RemoteFolder, files: readonly DroppedFile[], tag: string): Promise<DropResult> {
  const document = files.at(-1)
  const isAcknowledged = document !== undefined && (await folder.sizeOf(ackName(document.name))) !== undefined
  await removeParts(folder, files)
  if (isAcknowledged) return 'acknowledged'
  let result: DropResult = 'found'
  for (const file of files) {
    if (await holds(folder, file)) continue
    await put(folder, file, partName(file.name, tag))
    result = 'written'
  }
  return result
}

/** Hidden, since receivers commonly take whatever has a name. */
function partName(name: string, tag: string): string {
  return `.${name}.${tag}.part`
}

async function put(folder: RemoteFolder, { name, bytes }: DroppedFile, part: string): Promise<void> {
  try {
    await folder.create(part, bytes)
    // A full disk is not always said where it is met.
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
    // A folder to write to and not to read from. Its size has to do: only a whole file gets this name.
    if (error instanceof SftpFailure && error.reason === 'denied') return true
    throw error
  }
}

/** Those of earlier tries at the same files. A server that shows no list, or cannot remove, only keeps them. */
async function removeParts(folder: RemoteFolder, files: readonly DroppedFile[]): Promise<void> {
  const starts = files.map(({ name }) => `.${name}.`)
  const isPart = (name: string): boolean => name.endsWith('.part') && starts.some((start) => name.startsWith(start))
  try {
    for (const name of (await folder.list(MAX_NAMES)).filter(isPart)) await folder.remove(name)
  } catch (error) {
    if (!(error instanceof SftpFailure) || !['missing', 'denied', 'failed'].includes(error.reason)) throw error
  }
}
