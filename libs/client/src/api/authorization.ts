import { signRequest, type Signer } from '#libs/signing'
import { readClientConfig, readUrl, tokenOfServer, type ClientConfig } from '../client.config.js'
import { loadIdentity, OPERATOR } from '../keys/identity.js'
import { KeyError } from '../keys/key-error.js'
import { ApiClient, type Authorize } from './api-client.js'
import { isLoopback } from './loopback.js'

export function bearer(token: string): Authorize {
  return async () => ({ authorization: `Bearer ${token}` })
}

/** Signer of requests, and the installation that the requests are for (`Roster.installation`). */
export interface Caller {
  signer: Signer
  audience: string
}

/** Returns an authorization that signs each write with the caller's key; reads are sent unsigned. */
export function statement(caller: () => Promise<Caller | undefined>, now: () => Date = () => new Date()): Authorize {
  return async (method, path, body): Promise<Record<string, string>> => {
    const by = method === 'GET' ? undefined : await caller()
    return by === undefined ? {} : signedBy(by.signer, by.audience, now)(method, path, body)
  }
}

/** Returns an authorization that signs every request, including reads, with a person's key (`--sign`). */
export function signedBy(signer: Signer, audience: string, now: () => Date = () => new Date()): Authorize {
  return async (method, path, body) => ({ authorization: await signRequest(signer, { audience, method, path, body, at: now() }) })
}

/** Returns the authorization by HMS_TOKEN, else on loopback by the operator key of the data folder, read at the first write; else none. */
export function authorizationFrom(config: Pick<ClientConfig, 'token' | 'url' | 'dataDir'>): Authorize {
  if (config.token !== undefined) return bearer(config.token)
  if (!isLoopback(config.url)) return async () => ({})
  let operator: Promise<Caller | undefined> | undefined
  return statement(() => (operator ??= operatorKey(config.dataDir)))
}

/** Returns the operator key that profile dev stored in the data folder, if any. */
export async function operatorKey(dataDir: string): Promise<Caller | undefined> {
  try {
    const identity = await loadIdentity(dataDir, [OPERATOR])
    return { signer: identity.operatorSigner(), audience: identity.roster.installation }
  } catch (error) {
    if (error instanceof KeyError && error.code === 'HMS_IDENTITY_MISSING') return undefined
    throw error
  }
}

/** Returns the environment's settings and a client of `url`, by default its server. Another server does not get the environment's token. */
export function clientFromEnvironment(url: string | undefined): { config: ClientConfig; api: ApiClient } {
  const read = readClientConfig()
  const other = url === undefined ? undefined : readUrl(url)
  const config = other === undefined ? read : { ...read, url: other, token: tokenOfServer(read, other) }
  return { config, api: new ApiClient({ url: config.url, authorize: authorizationFrom(config) }) }
}
