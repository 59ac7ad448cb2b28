import { HmsError } from '#libs/contracts'
import type { FastifyInstance } from 'fastify'
import { isUnhandled } from '../reading/answer.js'
import type { SendOf } from '../reading/client-of.js'

const MAX_FORM_BYTES = 4_096
/** RFC 8058 §3.1 lets a mail program choose. */
const FORMS = ['application/x-www-form-urlencoded', 'multipart/form-data']

/**
 * What a mail program posts on one click, and the button of the page behind the link. The program gets 200 and no redirect (RFC 8058 §3.1);
 * a person is led to the page. The address holds a token that only the addressee has, so no page of another site can send it.
 */
export function addUnsubscribeForm(server: FastifyInstance, sendOf: SendOf): void {
  void server.register(async (scope) => {
    scope.addContentTypeParser(FORMS, { parseAs: 'string', bodyLimit: MAX_FORM_BYTES }, (_request, body, done) => done(null, String(body)))
    scope.post('/unsubscribe/:token', { config: { page: true } }, async (request, reply) => {
      const token = encodeURIComponent((request.params as { token: string }).token)
      const answer = await sendOf(request)(`/v1/unsubscribes/${token}`, {})
      if (isUnhandled(answer)) {
        const detail = `The address cannot be unsubscribed now: ${answer.detail}. Nothing was changed; try it again.`
        throw new HmsError('HMS_UNREACHABLE', detail, { status: 503 })
      }
      if (new URLSearchParams(String(request.body)).has('page')) return reply.redirect(`/unsubscribe/${token}?pressed`, 303)
      if (answer.kind === 'taken') return reply.type('text/plain; charset=utf-8').send('Unsubscribed.\n')
      throw new HmsError('HMS_UNSUBSCRIBE_UNKNOWN', 'No address has this link.', { status: 404 })
    })
  })
}
