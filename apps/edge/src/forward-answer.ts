import { requireConnection } from '#libs/platform'
import type { FastifyReply } from 'fastify'
import type { Readable } from 'node:stream'

/** A stream that would wait behind another answer is given up at once: the service would keep a place for it. */
export function forwardAnswer(reply: FastifyReply, stream: Readable): void {
  try {
    if (String(reply.getHeader('content-type')).startsWith('text/event-stream')) requireConnection(reply.raw)
  } catch (error) {
    stream.destroy()
    return void reply.send(error)
  }
  void reply.send(stream)
}
