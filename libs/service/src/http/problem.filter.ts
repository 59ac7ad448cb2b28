import { errorCodes, type Logger, type Metrics, sendProblem, toProblem } from '#libs/platform'
import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { throwError, type Observable } from 'rxjs'
import { GivenAgain } from '../idempotency/repeated-calls.js'

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

/** Error codes of an invalid signature, proof or head. */
const OF_SIGNATURES = /^HMS_(?:AUTH_(?:INVALID|REPLAYED|AUDIENCE|EXPIRED)|SIGNATURE_|HEAD_|PROOF_|APPROVER_SIGN)/

/**
 * Counts refusals by code, a small fixed set without client input. Each series starts at 0, because `increase` ignores the first sample of
 * a series.
 */
export class RejectedSignatures {
  private readonly refused: ReturnType<Metrics['counter']>

  constructor(metrics: Metrics) {
    this.refused = metrics.counter('signature_rejections_total', 'Requests whose signature, proof or head did not count, by code', [
      'reason',
    ])
    for (const reason of errorCodes().filter((code) => OF_SIGNATURES.test(code))) this.refused.inc({ reason }, 0)
  }

  see(code: string): void {
    if (OF_SIGNATURES.test(code)) this.refused.inc({ reason: code })
  }
}
