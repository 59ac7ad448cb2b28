import { sendProblem, toProblem, type Logger, type Metrics } from '#libs/platform'
import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { throwError, type Observable } from 'rxjs'
import { GivenAgain } from '../idempotency/repeated-calls.js'
import { RejectedSignatures } from './rejected-signatures.js'

/**
 * Sends every error of a route as problem+json. For events it rethrows the original: Nest's own filter would replace it by an anonymous
 * "Internal server error", and the consumer could not distinguish transient from terminal errors.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly rejected: RejectedSignatures | undefined

  constructor(
    private readonly log: Logger,
    metrics?: Metrics,
  ) {
    this.rejected = metrics === undefined ? undefined : new RejectedSignatures(metrics)
  }

  catch(error: unknown, host: ArgumentsHost): Observable<never> | void {
    if (host.getType() !== 'http') return throwError(() => error)
    const reply = host.switchToHttp().getResponse<FastifyReply>()
    const request = host.switchToHttp().getRequest<FastifyRequest>()
    if (error instanceof GivenAgain) return error.send(reply)
    const problem = toProblem(error, request, this.log)
    this.rejected?.see(problem.code)
    sendProblem(reply, problem)
  }
}
