import { HmsError } from '#libs/contracts'
import { isFault } from '#libs/kafka-socket'
import { reasonOf } from '../api/unreachable.js'

/** Maps an error of kafkajs to an `HmsError`. Only an error that no wait can resolve is not retryable. */
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
