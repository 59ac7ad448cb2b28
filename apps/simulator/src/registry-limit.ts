import { HmsError } from '#libs/contracts'
import type { Documents } from '#libs/persistence'

/** Registers a document unless its registry is full; replacing a known one is always possible. */
export async function register<T extends object>(documents: Documents<T>, id: string, document: T, limit: number, what: string): Promise<void> {
  if ((await documents.get(id)) === undefined && (await documents.count()) >= limit) {
    throw new HmsError('HMS_SIMULATOR_LIMIT', `There are ${limit} ${what} registered, which is the limit. Replace one by its id.`, { status: 409 })
  }
  await documents.put(document)
}
