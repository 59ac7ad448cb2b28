import { requireConnection } from '#libs/platform'
import type { FastifyReply } from 'fastify'
import type { IncomingMessage } from 'node:http'

/**
 * Forwards a response. A stream that would wait behind another response is aborted immediately, because the service would reserve a slot
 * for it. `silenceMs`: maximum pause in any other response's body, since its reader may be slow.
 */
export function forwardAnswer(reply: FastifyReply, answer: IncomingMessage, silenceMs: number): void {
  const isStream = String(reply.getHeader('content-type')).startsWith('text/event-stream')
  try {
    if (isStream) requireConnection(reply.raw)
  } catch (error) {
    answer.destroy()
    return void reply.send(error)
  }
  answer.setTimeout(isStream ? 0 : silenceMs)
  void reply.send(answer)
}
