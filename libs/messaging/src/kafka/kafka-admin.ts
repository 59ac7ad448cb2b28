import { action, HmsError } from '#libs/contracts'
import { isLoginRefused } from '#libs/kafka-socket'
import { describeError, isCausedBy } from '#libs/platform'
import type { Admin, Kafka } from 'kafkajs'

/** Runs `work` with an admin connection. Throws `HMS_BROKER_LOGIN`, `HMS_BROKER_DENIED` or `HMS_BROKER_UNREACHABLE`. */
export async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin({ retry: { retries: 5, maxRetryTime: 1_000 } })
  try {
    await admin.connect()
    return await work(admin)
  } catch (error) {
    throw brokerError(error)
  } finally {
    await admin.disconnect().catch(() => {})
  }
}

export function brokerError(error: unknown): HmsError {
  if (error instanceof HmsError) return error
  const next = [action('help.environment')]
  if (isLoginRefused(error)) {
    const detail = `Kafka refuses the login of HMS_KAFKA_SASL, or the certificate of HMS_KAFKA_CERT: ${describeError(error)}`
    return new HmsError('HMS_BROKER_LOGIN', detail, { status: 401, cause: error, next })
  }
  if (isCausedBy(error, isDenied)) {
    const detail = `Kafka denies the user this operation: ${describeError(error)}`
    return new HmsError('HMS_BROKER_DENIED', detail, { status: 403, cause: error, next: [action('topics.apply')] })
  }
  return new HmsError('HMS_BROKER_UNREACHABLE', `Kafka does not respond: ${describeError(error)}`, { status: 503, cause: error, next })
}

/** Whether the broker denied a request because the user's ACLs do not cover it. */
export function isDenied(fault: object): boolean {
  const { type } = fault as { type?: unknown }
  return typeof type === 'string' && type.endsWith('_AUTHORIZATION_FAILED')
}
