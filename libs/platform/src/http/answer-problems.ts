import type { FastifyInstance } from 'fastify'
import type { Logger } from '../logger.js'
import { sendProblem, toProblem } from './problem.js'

/** For servers without Nest: sends errors of routes, and unknown paths, as problems. */
export function answerProblems(server: FastifyInstance, log: Logger): void {
  server.setErrorHandler((error, request, reply) => sendProblem(reply, toProblem(error, request, log)))
  server.setNotFoundHandler((request, reply) => {
    const unknown = Object.assign(new Error(`There is no ${request.method} ${request.url}.`), { statusCode: 404 })
    sendProblem(reply, toProblem(unknown, request, log))
  })
}
