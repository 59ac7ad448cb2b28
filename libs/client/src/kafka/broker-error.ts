import { HmsError } from '#libs/contracts'
import { reasonOf } from '../api/unreachable.js'

/** What kafkajs throws, in the words of the CLI. Only an answer that no wait will change is not retryable. */
export function brokerError(error: unknown, name: string, topic: string): HmsError {
  if (isFault(error, 'KafkaJSSASLAuthenticationError')) {
    return new HmsError('HMS_BROKER_LOGIN', `${name} refuses this user or password.`, {
      status: 401,
      cause: error,
      next: ['hms-svc help environment'],
    })
  }
  if (isFault(error, 'TOPIC_AUTHORIZATION_FAILED')) {
    return new HmsError('HMS_BROKER_DENIED', `${name} does not let this user read ${topic}: it needs Read on that topic.`, {
      status: 403,
      cause: error,
      next: ['hms-svc topics diff'],
    })
  }
  return brokerUnreachable(name, reasonOf(error), error)
}

export function brokerUnreachable(name: string, why: string, cause?: unknown): HmsError {
  return new HmsError('HMS_BROKER_UNREACHABLE', `${name} is not reachable: ${why}`, {
    status: 503,
    retryable: true,
    cause,
    next: ['hms-svc topics diff'],
  })
}

/** Whether an error, or one that caused it, has this name or protocol error: kafkajs wraps what a broker says. */
export function isFault(error: unknown, named: string): boolean {
  for (let fault: unknown = error, depth = 0; typeof fault === 'object' && fault !== null && depth < 10; depth++) {
    const { name, type, cause, errors } = fault as { name?: unknown; type?: unknown; cause?: unknown; errors?: unknown }
    if (name === named || type === named) return true
    fault = cause ?? (Array.isArray(errors) ? errors[0] : undefined)
  }
  return false
}
