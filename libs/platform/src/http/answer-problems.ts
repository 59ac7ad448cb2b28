import type { FastifyInstance } from 'fastify'
import type { Logger } from '../logger.js'
import { sendProblem, toProblem } from './problem.js'

/** For servers without Nest: what a route throws, and a path that has none, is answered as a problem. */
export function answerProblems(server: FastifyInstance, log: Logger): void {
  server.setErrorHandler((error, request, reply) => sendProblem(reply, toProblem(error, request, log)))
  server.setNotFoundHandler((request, reply) => {
    const unknown = Object.assign(new Error(`There is no ${request.method} ${request.url}.`), { statusCode: 404 })
    sendProblem(reply, toProblem(unknown, request, log))
  })
}
