import { action, HmsError, type Problem } from '#libs/contracts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'
import { describeError, isCausedBy, isDataError, isTransient } from '../failures.js'
import type { Logger } from '../logger.js'
import { MAX_ERRORS } from '../read-shape.js'
import { traceIdOf, traceOfRequest } from '../trace.js'
import { ofrepFailure } from './ofrep-failure.js'

const UNREACHABLE = 'The service cannot reach its database at the moment. Try again.'
const IN_DOUBT = 'The service cannot reach its database at the moment, but may have stored this request. Check, then try again.'
const NO_BROKER = 'The broker cannot be reached at the moment, or refused the request. Try again.'
const NO_TOPIC = 'The broker lacks a topic of the catalogue. What it would carry waits until it is created.'
/** By SQLSTATE: faults of a database that responds. */
const REJECTED: Record<string, string> = {
  '28P01': 'The database refuses the password of the service. Restart the service with the new password. Check, then try again.',
  '25006': 'The database accepts only reads at the moment, and nothing was stored. Try again.',
  '53100': 'The database has no room left on its disk, and nothing was stored. Free some, then try again.',
}

/** Challenges of a 401 (RFC 9110 §11.6.1), unless the route takes only one of them. */
export const CHALLENGES: readonly string[] = ['Bearer realm="HMS-SVC"', 'HMS-Statement realm="HMS-SVC"']

/** Returns a challenge for each scheme that a route accepts: a partner's signature, signed requests, or API keys and signed requests. */
function challengesOf({ code }: Problem, { headers, routeOptions }: FastifyRequest): string[] {
  if (code === 'HMS_RECEIPT_SIGNATURE') return ['Webhook-Signature realm="HMS-SVC"']
  const { requirement } = (routeOptions.config ?? {}) as { requirement?: string }
  const isBearer = /^Bearer /i.test(headers.authorization ?? '')
  const challenges = CHALLENGES.map((each, index) => (isBearer && index === 0 ? `${each}, error="invalid_token"` : each))
  return challenges.slice(requirement === 'statement' ? 1 : 0)
}

/** Returns the origin that a client requested, as edge and proxies report it; empty for an invalid host. */
function requestedOrigin({ host, ...headers }: IncomingHttpHeaders): string {
  const name = String(headers['x-forwarded-host'] ?? host)
  return /^[\w.:[\]-]{1,255}$/.test(name) ? `http${headers['x-forwarded-proto'] === 'https' ? 's' : ''}://${name}` : ''
}

/** Sends a problem in the form of the route: OFREP has its own. */
export function sendProblem(reply: FastifyReply, problem: Problem): void {
  if (reply.sent) return
  // A handler that knows the duration has already set the header.
  const again = problem.status === 429 || problem.status === 503
  if (again && !reply.hasHeader('retry-after')) void reply.header('retry-after', '2')
  if (problem.status === 401) void reply.header('www-authenticate', challengesOf(problem, reply.request))
  const located = { ...problem, type: requestedOrigin(reply.request.headers) + problem.type }
  const { type, body } = problemBody(located, reply.request.url)
  void reply.status(problem.status).header('content-type', type).send(body)
}

export function problemBody(problem: Problem, url: string): { type: string; body: string } {
  const failure = ofrepFailure(problem, url)
  if (failure === undefined) return { type: 'application/problem+json', body: JSON.stringify(problem) }
  return { type: 'application/json; charset=utf-8', body: JSON.stringify(failure) }
}

/** Limits of the texts and errors of a problem: a response must not grow with the request. */
const MAX_TEXT = 2_000
const MAX_ERRORS_CHARACTERS = 32 * 1024

/** Maps a thrown value to RFC 9457 problem+json, only here. Unexpected errors are logged with trace id and reveal no internals. */
export function toProblem(error: unknown, request: { method: string; url: string; headers?: IncomingHttpHeaders }, log: Logger): Problem {
  const traceId = traceIdOf(traceOfRequest(request))
  return problemOf(toHmsError(error, request, log, traceId), traceId)
}

function toHmsError(error: unknown, request: { method: string; url: string }, log: Logger, traceId: string): HmsError {
  if (error instanceof HmsError) return error
  if (isHttpException(error)) return ofHttpException(error, request)
  const { statusCode: status, code } = (error ?? {}) as { statusCode?: unknown; code?: unknown }
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new HmsError(codeOfStatus(status), describeError(error), { status })
  if (isDataError(error))
    return new HmsError('HMS_HTTP_BODY_INVALID', `The database cannot hold this value: ${describeError(error)}.`, { status: 400 })
  // An API key must not be logged.
  const url = request.url.replaceAll(/([?&]key=)[^&]*/g, '$1…')
  const isOfBroker = isCausedBy(error, (fault) => String((fault as { name?: unknown }).name).startsWith('KafkaJS'))
  if (!isOfBroker && !isTransient(error)) {
    log.error({ traceId, error: error instanceof Error ? (error.stack ?? error.message) : String(error), url }, 'request failed')
    return new HmsError('HMS_HTTP_INTERNAL', `Unexpected error; the log has it under trace ${traceId}.`, { status: 500 })
  }
  log.warn({ traceId, error: describeError(error), url }, 'request met a transient fault')
  if (isCausedBy(error, (fault) => (fault as { type?: unknown }).type === 'UNKNOWN_TOPIC_OR_PARTITION'))
    return new HmsError('HMS_TOPICS_MISSING', NO_TOPIC, { status: 503, next: [action('topics.diff'), action('topics.apply')] })
  const detail = isOfBroker ? NO_BROKER : (REJECTED[String(code)] ?? (request.method === 'GET' ? UNREACHABLE : IN_DOUBT))
  return new HmsError('HMS_HTTP_UNAVAILABLE', detail, { status: 503 })
}

function problemOf(error: HmsError, traceId: string): Problem {
  return {
    type: `/docs/errors/${error.code}`,
    title: error.code.replace(/^HMS_/, '').replaceAll('_', ' ').toLowerCase(),
    status: error.status,
    code: error.code,
    detail: cut(error.detail),
    retryable: error.retryable,
    next: error.steps,
    traceId,
    ...(error.errors.length > 0 ? { errors: fitting(error.errors) } : {}),
    ...(error.state === undefined ? {} : { state: error.state }),
  }
}

/** Returns the first errors that fit into a response. */
function fitting(errors: Problem['errors'] & object): Problem['errors'] & object {
  let left = MAX_ERRORS_CHARACTERS
  const listed = errors.slice(0, MAX_ERRORS).map(({ pointer, detail }) => ({ pointer: cut(pointer), detail: cut(detail) }))
  return listed.filter((error) => (left -= JSON.stringify(error).length) > 0)
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
}

/** Nest's type, which this library does not import. */
interface HttpException extends Error {
  getStatus(): number
  getResponse(): string | object
}

function isHttpException(error: unknown): error is HttpException {
  const { getStatus, getResponse } = (error ?? {}) as Partial<HttpException>
  return error instanceof Error && typeof getStatus === 'function' && typeof getResponse === 'function'
}

function ofHttpException(error: HttpException, request: { method: string; url: string }): HmsError {
  const status = error.getStatus()
  if (status === 404)
    return new HmsError('HMS_HTTP_PATH_UNKNOWN', `There is no ${request.method} ${request.url.split('?')[0]}.`, { status })
  const response = error.getResponse() as { message?: unknown } | string
  const messages = typeof response === 'string' ? [response] : [response.message ?? error.message].flat().map(String)
  return new HmsError(codeOfStatus(status), messages.join('; '), { status })
}

function codeOfStatus(status: number): string {
  if (status === 413) return 'HMS_HTTP_BODY_TOO_LARGE'
  if (status === 415) return 'HMS_HTTP_MEDIA_TYPE'
  if (status === 404) return 'HMS_HTTP_PATH_UNKNOWN'
  return 'HMS_HTTP_BAD_REQUEST'
}

/** For servers without Nest: sends errors of routes, and unknown paths, as problems. */
export function answerProblems(server: FastifyInstance, log: Logger): void {
  server.setErrorHandler((error, request, reply) => sendProblem(reply, toProblem(error, request, log)))
  server.setNotFoundHandler((request, reply) => {
    const unknown = Object.assign(new Error(`There is no ${request.method} ${request.url}.`), { statusCode: 404 })
    sendProblem(reply, toProblem(unknown, request, log))
  })
}
