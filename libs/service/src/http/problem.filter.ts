import { sendProblem, toProblem, type Logger, type Metrics } from '#libs/platform'
import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { throwError, type Observable } from 'rxjs'
import { GivenAgain } from '../idempotency/repeated-calls.js'
import { countRejectedSignature } from './rejected-signatures.js'

/**
 * Answers every error of a route as problem+json. For events it rethrows the original: Nest's own filter would turn it into a nameless
 * "Internal server error" and the consumer could no longer tell transient from terminal.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly log: Logger,
    private readonly metrics?: Metrics,
  ) {}

  catch(error: unknown, host: ArgumentsHost): Observable<never> | void {
    if (host.getType() !== 'http') return throwError(() => error)
    const reply = host.switchToHttp().getResponse<FastifyReply>()
    const request = host.switchToHttp().getRequest<FastifyRequest>()
    if (error instanceof GivenAgain) return error.send(reply)
    const problem = toProblem(error, request, this.log)
    countRejectedSignature(this.metrics, problem.code)
    sendProblem(reply, problem)
  }
}
