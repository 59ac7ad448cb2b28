import { HmsError } from '#libs/contracts'
import type { FastifyInstance } from 'fastify'
import type { ApiReader } from '../reading/api-reader.js'

const MAX_FORM_BYTES = 1_024

/**
 * The button of a receipt's page, the one form that changes something: its address holds a token that only the addressee of a mail has, so
 * no page of another site can send it. Forms are bodies here and nowhere else.
 */
export function addReceiptForm(server: FastifyInstance, reader: ApiReader): void {
  void server.register(async (scope) => {
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: MAX_FORM_BYTES },
      (_request, _body, done) => done(null, {}),
    )
    scope.post('/receipts/:token', { config: { page: true } }, async ({ params }, reply) => {
      const path = `/receipts/${encodeURIComponent((params as { token: string }).token)}`
      const answer = await reader.send(`/v1${path}`, {})
      if (answer.kind === 'away') {
        const detail = `${answer.service} ${answer.detail}. Nothing was acknowledged; press the button again.`
        throw new HmsError('HMS_UNREACHABLE', detail, { status: 503 })
      }
      // Whatever it said stands on the page.
      return reply.redirect(`${path}?pressed`, 303)
    })
  })
}
