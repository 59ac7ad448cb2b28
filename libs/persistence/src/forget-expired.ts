import type { Documents } from './database.js'

/** Deletes up to `atOnce` documents that expired before `before`, oldest first. The table needs a column `expires_at`. */
export async function forgetExpired(documents: Documents<{ id: string; expiresAt: string }>, before: Date, atOnce: number): Promise<void> {
  for (const { id, expiresAt } of await documents.find({ orderBy: 'expires_at', limit: atOnce })) {
    if (Date.parse(expiresAt) >= before.getTime()) return
    await documents.delete(id)
  }
}
