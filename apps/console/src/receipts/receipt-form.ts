import { HmsError } from '#libs/contracts'
import type { FastifyInstance } from 'fastify'
import { takeForms } from '../forms/take-forms.js'
import { isUnhandled } from '../reading/answer.js'
import type { SendOf } from '../reading/client-of.js'

/** The button of a receipt's page: its address holds a token that only the addressee of a mail has. */
export function addReceiptForm(server: FastifyInstance, sendOf: SendOf): void {
  takeForms(server, (scope) => {
    scope.post('/receipts/:token', { config: { page: true } }, async (request, reply) => {
      const path = `/receipts/${encodeURIComponent((request.params as { token: string }).token)}`
      const answer = await sendOf(request)(`/v1${path}`, {})
      if (isUnhandled(answer)) {
        const detail = `The receipt cannot be sent now: ${answer.detail}. Nothing was acknowledged; press the button again.`
        throw new HmsError('HMS_UNREACHABLE', detail, { status: 503 })
      }
      // The page shows the response, whichever it was.
      return reply.redirect(`${path}?pressed`, 303)
    })
  })
}
