import { HmsError } from '#libs/contracts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { FORM_TYPES, takeForms } from '../forms/take-forms.js'
import { isUnhandled } from '../reading/answer.js'
import type { SendOf } from '../reading/client-of.js'

const MAX_UNSUBSCRIBE_BYTES = 4_096

/** Adds what the pages behind links in mails post. Each address holds a token that only the addressee has. */
export function addMailLinkForms(server: FastifyInstance, sendOf: SendOf): void {
  const send = async (request: FastifyRequest, path: string, failure: string) => {
    const token = encodeURIComponent((request.params as { token: string }).token)
    const answer = await sendOf(request)(`/v1/${path}/${token}`, {})
    if (!isUnhandled(answer)) return { answer, token }
    throw new HmsError(
      'HMS_UNREACHABLE',
      failure.replace('DETAIL', () => answer.detail),
      { status: 503 },
    )
  }
  takeForms(server, (scope) => {
    scope.post('/receipts/:token', { config: { page: true } }, async (request, reply) => {
      const failure = 'The receipt cannot be sent now: DETAIL. Nothing was acknowledged; press the button again.'
      // The page shows the response, whichever it was.
      return reply.redirect(`/receipts/${(await send(request, 'receipts', failure)).token}?pressed`, 303)
    })
  })
  // A mail program posts this with one click, gets 200 and no redirect, and chooses the type (RFC 8058 §3.1); a person is led to the page.
  void server.register(async (scope) => {
    const limits = { parseAs: 'string', bodyLimit: MAX_UNSUBSCRIBE_BYTES } as const
    scope.addContentTypeParser(FORM_TYPES, limits, (_request, body, done) => done(null, String(body)))
    scope.post('/unsubscribe/:token', { config: { page: true } }, async (request, reply) => {
      const failure = 'The address cannot be unsubscribed now: DETAIL. Nothing was changed; try it again.'
      const { answer, token } = await send(request, 'unsubscribes', failure)
      if (new URLSearchParams(String(request.body)).has('page')) return reply.redirect(`/unsubscribe/${token}?pressed`, 303)
      if (answer.kind === 'taken') return reply.type('text/plain; charset=utf-8').send('Unsubscribed.\n')
      throw new HmsError('HMS_UNSUBSCRIBE_UNKNOWN', 'No address has this link.', { status: 404 })
    })
  })
}
