import { HmsError } from '#libs/contracts'
import type { IncomingHttpHeaders } from 'node:http'

/**
 * Refuses a form sent by a page of another site: the login that a browser keeps or a proxy adds would act for an unaware person. Browsers
 * send `Sec-Fetch-Site`, which no page can set and no proxy rewrites, or else `Origin`; programs send neither, and no unintended login.
 */
export function requireOwnOrigin({ 'sec-fetch-site': site, origin, host }: IncomingHttpHeaders): void {
  if (site === undefined ? origin === undefined || originOf(host).includes(origin.toLowerCase()) : site === 'same-origin') return
  const detail = 'This form was sent by a page of another site, so nothing was done. Open the page here and send it again.'
  throw new HmsError('HMS_HTTP_FOREIGN', detail, { status: 403 })
}

/** Exactly this host: another port of the same machine is another site. */
function originOf(host: string | undefined): string[] {
  return host === undefined ? [] : ['http', 'https'].map((scheme) => `${scheme}://${host.toLowerCase()}`)
}
