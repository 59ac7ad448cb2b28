import { requireConnection } from '#libs/platform'
import type { FastifyReply } from 'fastify'
import type { IncomingMessage } from 'node:http'

/**
 * A stream that would wait behind another answer is given up at once: the service would keep a place for it. `silenceMs`: how long the rest
 * of any other answer may rest, for its reader may be slow.
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
