import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { SmtpRelay } from './smtp-relay.js'

export interface Submission {
  from: string
  to: string
  /** RFC 5322, with CRLF. */
  message: Buffer
}

/** Rejection of SMTPConnection: the relay's reply, if any, and the command it replied to. */
export interface SubmissionError extends Error {
  code?: string
  command?: string
  response?: string
  responseCode?: number
}

const MAX_RESPONSE_BYTES = 64 * 1024

/**
 * Runs one SMTP transaction on a new connection. Resolves with the relay's reply to the message. `timeoutMs` bounds each wait; the caller's
 * `signal` aborts the transaction immediately.
 */
export function submitMail(relay: SmtpRelay, mail: Submission, signal: AbortSignal, timeoutMs: number): Promise<string> {
  const { host, port, isTls, requiresTls, auth, ca } = relay
  const connection = new SMTPConnection({
    host,
    port,
    secure: isTls,
    requireTLS: requiresTls && !isTls,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    maxResponseSize: MAX_RESPONSE_BYTES,
    allowInternalNetworkInterfaces: true,
    tls: { minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
  })
  return new Promise((resolve, reject) => {
    const finish = (error: Error | null | undefined, reply = ''): void => {
      signal.removeEventListener('abort', stop)
      if (error) {
        connection.close()
        reject(error)
      } else {
        connection.quit()
        resolve(reply)
      }
    }
    const stop = (): void => finish(new Error('aborted'))
    const send = (): void => {
      const envelope = { from: mail.from, to: mail.to, size: mail.message.length }
      connection.send(envelope, mail.message, (error, info) => finish(error, info?.response))
    }
    // The listener is never removed: a relay that breaks off after its reply must not end the process.
    connection.on('error', finish)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop)
    connection.connect((error) => {
      if (error) finish(error)
      else if (auth === undefined) send()
      // A copy, because nodemailer writes to the object.
      else connection.login({ ...auth }, (refusal) => (refusal ? finish(refusal) : send()))
    })
  })
}
