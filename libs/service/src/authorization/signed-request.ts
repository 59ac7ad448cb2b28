import type { SignedStatement } from '#libs/contracts'
import { requestStatement } from '#libs/signing'
import type { AuthorizedRequest } from './authorization.guard.js'

/** Returns the request as signed by a person or operator, with its body; `undefined` for an API key, which signs nothing. */
export function signedRequest({ headers, rawBody }: AuthorizedRequest): SignedStatement | undefined {
  const envelope = requestStatement(headers.authorization)
  return envelope === undefined ? undefined : { envelope, body: (rawBody ?? Buffer.alloc(0)).toString('utf8') }
}
