import { HmsError } from '#libs/contracts'
import type { IncomingMessage } from 'node:http'

/** POST requests that change nothing: counted, logged and traced as reads, and never stored under an `Idempotency-Key`. */
const READ_BY_POST = /^\/ofrep\//

export function isWrite({ method, url }: { method: string; url: string }): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS' && !READ_BY_POST.test(url)
}

/** Returns the refusal of a request without exactly one host (RFC 9112 §3.2): a proxy before this server may have used another. */
export function refusalOfHost({ httpVersion, rawHeaders, headers: { host }, url = '' }: IncomingMessage): HmsError | undefined {
  const named = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length
  const target = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1]
  if ((named === 1 && host !== '') || (named === 0 && httpVersion === '1.0')) {
    if (target === undefined || target.toLowerCase() === host?.toLowerCase()) return undefined
  }
  return new HmsError('HMS_HTTP_BAD_REQUEST', 'The request does not name one host: send one Host header, and a path as target.', {
    status: 400,
  })
}

/** Returns the refusal of an expectation other than `100-continue` (RFC 9110 §10.1.1). */
export function refusalOfExpectation({ headers: { expect } }: IncomingMessage): HmsError | undefined {
  if (expect === undefined || /(?:^|\W)100-continue(?:$|\W)/i.test(expect)) return undefined
  return new HmsError('HMS_HTTP_EXPECTATION', 'The Expect header demands what this server does not know; leave the header out.', {
    status: 417,
  })
}

/** Returns the refusal of a compressed body, or of a charset other than UTF-8: another parser would decode its bytes differently. */
export function refusalOfEncoding({ headers }: Pick<IncomingMessage, 'headers'>): HmsError | undefined {
  const coded = headers['content-encoding'] !== undefined && headers['content-encoding'].toLowerCase() !== 'identity'
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(headers['content-type'] ?? '')?.[1]?.toLowerCase()
  if (!coded && (charset === undefined || charset === 'utf-8' || charset === 'utf8')) return undefined
  return new HmsError('HMS_HTTP_MEDIA_TYPE', 'Bodies are JSON in UTF-8, neither compressed nor in another encoding.', { status: 415 })
}
