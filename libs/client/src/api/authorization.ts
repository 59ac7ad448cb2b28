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

/** Signs each write with a key; reads go as they are. */
export function statement(signer: () => Promise<Signer | undefined>, now: () => Date = () => new Date()): Authorize {
  return async (method, path, body): Promise<Record<string, string>> => {
    const key = method === 'GET' ? undefined : await signer()
    return key === undefined ? {} : { authorization: await signRequest(key, { method, path, body, at: now() }) }
  }
}

/** Signs every request with the key of a person: what `--sign` asks for, reads too. */
export function signedBy(signer: Signer, now: () => Date = () => new Date()): Authorize {
  return async (method, path, body) => ({ authorization: await signRequest(signer, { method, path, body, at: now() }) })
}

/**
 * How the environment lets this process write: `HMS_TOKEN`; else, on a loopback address only, the operator key that profile
 * dev left in the data folder; else nothing, and the server says what it wants. The key is read at the first write.
 */
export function authorizationFrom(config: Pick<ClientConfig, 'token' | 'url' | 'dataDir'>): Authorize {
  if (config.token !== undefined) return bearer(config.token)
  if (!isLoopback(config.url)) return async () => ({})
  let operator: Promise<Signer | undefined> | undefined
  return statement(() => (operator ??= operatorKey(config.dataDir)))
}

async function operatorKey(dataDir: string): Promise<Signer | undefined> {
  try {
    return (await loadIdentity(dataDir)).operatorSigner()
  } catch (error) {
    if (error instanceof KeyError && error.code === 'HMS_IDENTITY_MISSING') return undefined
    throw asKeyProblem(error)
  }
}
