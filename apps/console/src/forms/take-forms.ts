import { HmsError } from '#libs/contracts'
import type { FastifyInstance } from 'fastify'
import { requireOwnOrigin } from './own-origin.js'
import { heeded } from '#libs/platform'

/** Every policy of a run as a file, and what goes with them. */
export const MAX_FORM_BYTES = 1024 * 1024
const TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data'] as const

/** Routes that `add` registers take what forms send, from pages of this site alone. Everywhere else bodies are JSON. */
export function takeForms(server: FastifyInstance, add: (scope: FastifyInstance) => void): void {
  void server.register(async (scope) => {
    heeded(scope).addHook('onRequest', (request, _reply, done) => {
      try {
        requireOwnOrigin(request.headers)
        done()
      } catch (error) {
        done(error as Error)
      }
    })
    for (const type of TYPES) {
      scope.addContentTypeParser(type, { parseAs: 'buffer', bodyLimit: MAX_FORM_BYTES }, (request, body: Buffer, done) => {
        readForm(request.headers['content-type']!, body).then(
          (form) => done(null, form),
          (error: Error) => done(error),
        )
      })
    }
    add(scope)
  })
}

async function readForm(contentType: string, body: Buffer): Promise<FormData> {
  try {
    return await new Response(Uint8Array.from(body), { headers: { 'content-type': contentType } }).formData()
  } catch {
    throw new HmsError('HMS_HTTP_BODY_INVALID', 'The form cannot be read. Load the page again and send it once more.', { status: 400 })
  }
}

/** The text of a field; empty where it is missing or a file. */
export function textOf(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value.trim() : ''
}
