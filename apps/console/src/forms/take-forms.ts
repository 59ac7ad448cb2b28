import { HmsError } from '#libs/contracts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'
import { fastPathSafe } from '#libs/platform'

/** Limit of the bytes of a form: every policy of a run as a file, and the other fields. */
export const MAX_FORM_BYTES = 1024 * 1024
/** Limit of the fields of a form: a file for each policy of a run, and the other fields. */
const MAX_FIELDS = 300
/** Types of the bodies of forms; RFC 8058 §3.1 lets a mail program choose. */
export const FORM_TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data']

/** Lets the routes that `add` registers accept bodies of forms, from pages of this site only. All other routes accept only JSON. */
export function takeForms(server: FastifyInstance, add: (scope: FastifyInstance) => void): void {
  void server.register(async (scope) => {
    fastPathSafe(scope).addHook('onRequest', async ({ headers }: FastifyRequest) => requireOwnOrigin(headers))
    const limits = { parseAs: 'buffer', bodyLimit: MAX_FORM_BYTES } as const
    scope.addContentTypeParser(FORM_TYPES, limits, async ({ headers }: FastifyRequest, body: Buffer) =>
      readForm(headers['content-type']!, body),
    )
    add(scope)
  })
}

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

/** Parses a form. Counts its fields first, because their number determines the cost of parsing (ADR 0039). */
async function readForm(contentType: string, body: Buffer): Promise<FormData> {
  if (hasMoreThan(MAX_FIELDS, contentType, body))
    throw new HmsError('HMS_HTTP_BODY_TOO_LARGE', `A form has at most ${MAX_FIELDS} fields.`, { status: 413 })
  try {
    return await new Response(Uint8Array.from(body), { headers: { 'content-type': contentType } }).formData()
  } catch {
    throw new HmsError('HMS_HTTP_BODY_INVALID', 'The form cannot be read. Load the page again and send it once more.', { status: 400 })
  }
}

/** Whether a form has more than `most` separators: `&`, or the hyphens and boundary before each multipart part and at the end. */
function hasMoreThan(most: number, contentType: string, body: Buffer): boolean {
  const boundary = /boundary="?([^";,]+)/i.exec(contentType)?.[1]
  const mark = /^multipart\//i.test(contentType) ? `--${boundary ?? ''}` : '&'
  let found = 0
  for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + mark.length)) if (++found > most) return true
  return false
}

/** The text of a field; empty where it is missing or a file. */
export function textOf(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value.trim() : ''
}
