import { HmsError } from '#libs/contracts'
import type { Documents } from '#libs/persistence'

/** Pattern for ids of bots and corpora, which appear in commands and in a run's summary line. */
export const REGISTRY_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

/** Registers or replaces a document, under the caller's lock. Throws 409 `HMS_SIMULATOR_LIMIT` for a new one above `limit`. */
export async function register<T extends object>(
  documents: Documents<T>,
  id: string,
  document: T,
  limit: number,
  what: string,
): Promise<void> {
  if ((await documents.get(id)) === undefined && (await documents.count()) >= limit) {
    const detail = `There are ${limit} ${what} registered, which is the limit. Replace one by its id.`
    throw new HmsError('HMS_SIMULATOR_LIMIT', detail, { status: 409 })
  }
  await documents.put(document)
}

/** Throws 413 `HMS_SIMULATOR_LIMIT` for a text of more than `limit` bytes in UTF-8. */
export function requireMaxBytes(text: string, limit: number, what: string): void {
  const bytes = Buffer.byteLength(text)
  if (bytes > limit) throw new HmsError('HMS_SIMULATOR_LIMIT', `${what} has ${bytes} bytes; the limit is ${limit}.`, { status: 413 })
}
