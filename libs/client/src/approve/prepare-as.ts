import { HmsError, type PreparedApproval } from '#libs/contracts'
import type { ApiClient } from '../api/api-client.js'

const NOT_KNOWN = ['HMS_AUTH_REQUIRED', 'HMS_AUTH_SCOPE']

/**
 * Sends the preparing write. A caller without the operator's key or a sufficient API key sends it as the person about to sign; `signing`
 * creates a client that signs its requests as that person.
 */
export async function prepareAs(
  client: ApiClient,
  signing: () => Promise<ApiClient>,
  prepare: (client: ApiClient) => Promise<PreparedApproval>,
): Promise<PreparedApproval> {
  try {
    return await prepare(client)
  } catch (error) {
    if (!(error instanceof HmsError) || !NOT_KNOWN.includes(error.code)) throw error
    return prepare(await signing())
  }
}
