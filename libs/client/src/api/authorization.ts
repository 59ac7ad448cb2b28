import { signRequest, type Signer } from '#libs/signing'
import type { ClientConfig } from '../client.config.js'
import { loadIdentity } from '../keys/identity.js'
import { KeyError } from '../keys/key-error.js'
import type { Authorize } from './api-client.js'
import { asKeyProblem } from './key-problem.js'
import { isLoopback } from './loopback.js'

export function bearer(token: string): Authorize {
  return async () => ({ authorization: `Bearer ${token}` })
}

/** Who signs a request, and for which installation (`Roster.installation`). */
export interface Caller {
  signer: Signer
  audience: string
}

/** Signs each write with a key; reads go as they are. */
export function statement(caller: () => Promise<Caller | undefined>, now: () => Date = () => new Date()): Authorize {
  return async (method, path, body): Promise<Record<string, string>> => {
    const by = method === 'GET' ? undefined : await caller()
    return by === undefined ? {} : signedBy(by.signer, by.audience, now)(method, path, body)
  }
}

/** Signs every request with the key of a person: what `--sign` asks for, reads too. */
export function signedBy(signer: Signer, audience: string, now: () => Date = () => new Date()): Authorize {
  return async (method, path, body) => ({ authorization: await signRequest(signer, { audience, method, path, body, at: now() }) })
}

/**
 * How the environment lets this process write: `HMS_TOKEN`; else, on a loopback address only, the operator key that profile
 * dev left in the data folder; else nothing, and the server says what it wants. The key is read at the first write.
 */
export function authorizationFrom(config: Pick<ClientConfig, 'token' | 'url' | 'dataDir'>): Authorize {
  if (config.token !== undefined) return bearer(config.token)
  if (!isLoopback(config.url)) return async () => ({})
  let operator: Promise<Caller | undefined> | undefined
  return statement(() => (operator ??= operatorKey(config.dataDir)))
}

/** The key that profile dev left in the data folder, where it did. */
export async function operatorKey(dataDir: string): Promise<Caller | undefined> {
  try {
    const identity = await loadIdentity(dataDir)
    return { signer: identity.operatorSigner(), audience: identity.roster.installation }
  } catch (error) {
    if (error instanceof KeyError && error.code === 'HMS_IDENTITY_MISSING') return undefined
    throw asKeyProblem(error)
  }
}
