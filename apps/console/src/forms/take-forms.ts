import { HmsError } from '#libs/contracts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { requireOwnOrigin } from './own-origin.js'
import { fastPathSafe } from '#libs/platform'

/** Every policy of a run as a file, and what goes with them. */
export const MAX_FORM_BYTES = 1024 * 1024
/** A file for each policy of a run, and what goes with them. */
const MAX_FIELDS = 300
const TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data']

/** Routes that `add` registers take what forms send, from pages of this site alone. Everywhere else bodies are JSON. */
export function takeForms(server: FastifyInstance, add: (scope: FastifyInstance) => void): void {
  void server.register(async (scope) => {
    fastPathSafe(scope).addHook('onRequest', async ({ headers }: FastifyRequest) => requireOwnOrigin(headers))
    const limits = { parseAs: 'buffer', bodyLimit: MAX_FORM_BYTES } as const
    scope.addContentTypeParser(TYPES, limits, async ({ headers }: FastifyRequest, body: Buffer) => readForm(headers['content-type']!, body))
    add(scope)
  })
}

/** Counts before it parses: what costs is the number of fields (ADR 0039). */
async function readForm(contentType: string, body: Buffer): Promise<FormData> {
  if (hasMoreThan(MAX_FIELDS, contentType, body))
    throw new HmsError('HMS_HTTP_BODY_TOO_LARGE', `A form has at most ${MAX_FIELDS} fields.`, { status: 413 })
  try {
    return await new Response(Uint8Array.from(body), { headers: { 'content-type': contentType } }).formData()
  } catch {
    throw new HmsError('HMS_HTTP_BODY_INVALID', 'The form cannot be read. Load the page again and send it once more.', { status: 400 })
  }
}

/** A part of a multipart form begins with two hyphens and its boundary, which is no longer than its line; the last line ends them. */
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
