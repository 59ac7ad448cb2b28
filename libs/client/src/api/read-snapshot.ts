import { HmsError, type ConfigDocument, type StreamFrame } from '#libs/contracts'
import type { ApiClient } from './api-client.js'

/**
 * Reads all documents of a config-store, page by page: a store may exceed the limit of one response. Pages may be of different revisions;
 * each document was in force while they were read. Verifies nothing.
 */
export async function readSnapshot(client: ApiClient): Promise<ConfigDocument[]> {
  const documents: ConfigDocument[] = []
  for (let after = ''; ;) {
    const { documents: page, next } = await pageAfter(client, after)
    documents.push(...page)
    if (next === undefined) return documents
    if (next <= after) throw new HmsError('HMS_HTTP_UNEXPECTED', `A page of the snapshot leads back to ${next}.`, { status: 502 })
    after = next
  }
}

/** Reads the page after a place. An earlier server has no pages: it returns everything at once, or rejects the parameter. */
async function pageAfter(client: ApiClient, after: string): Promise<StreamFrame> {
  try {
    return await client.get('/v1/snapshot', { after })
  } catch (error) {
    if (after === '' && error instanceof HmsError && error.status === 400) return client.get('/v1/snapshot')
    throw error
  }
}
