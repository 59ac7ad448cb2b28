import { HmsError, type PreparedApproval } from '#libs/contracts'
import type { ApiClient } from '../api/api-client.js'

const NOT_KNOWN = ['HMS_AUTH_REQUIRED', 'HMS_AUTH_SCOPE']

/**
 * Preparing is a write. Who has neither the operator's key nor one for programs with that scope asks for it as the person who is about to
 * sign; `signing` makes a client that signs its requests as that person.
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
