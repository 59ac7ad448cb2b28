import { HmsError } from '#libs/contracts'
import type { IncomingHttpHeaders } from 'node:http'

/**
 * Refuses a form that a page of another site sent. A browser that keeps a login for this site, or a proxy that adds one, would act for a
 * person who pressed something else. Browsers say where a form comes from: `Sec-Fetch-Site`, which no page can set and no proxy rewrites,
 * or else `Origin`. Programs say neither, and carry no login that they did not mean to send.
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
