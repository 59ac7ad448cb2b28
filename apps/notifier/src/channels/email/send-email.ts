import { storable } from '#libs/contracts'
import type { EmailChannel } from '../../partners/channel.js'
import type { Attempt, ChannelSender, Outcome } from '../channel-sender.js'
import { Deadline } from '../deadline.js'
import { composeMail, type MailIdentity } from './compose-mail.js'
import type { SmtpRelay } from './smtp-relay.js'
import SMTPConnection from 'nodemailer/lib/smtp-connection'

/** Deadline of the whole attempt: connection, login, and the reply to the message. */
const DEADLINE_MS = 15_000
const REPLY_KEPT = 4 * 1024
const MAX_RESPONSE_BYTES = 64 * 1024
/** Replies by which the relay requires a login or encryption; they do not concern the message. */
const RELAY_STATUS: readonly number[] = [530, 534, 535, 538]

export interface EmailSenderOptions extends MailIdentity {
  relay: SmtpRelay
  deadlineMs?: number
}

/** Submits mail to the relay. After a lost connection the outcome is unknown, so the mail is sent again with the same Message-ID. */
export class SmtpEmailSender implements ChannelSender<'email'> {
  private options: Promise<EmailSenderOptions> | undefined

  /** `read` is called once, at the start of the process. */
  constructor(private readonly read: () => Promise<EmailSenderOptions>) {}

  open(): Promise<EmailSenderOptions> {
    return (this.options ??= this.read())
  }

  async send(attempt: Attempt<EmailChannel>, signal: AbortSignal): Promise<Outcome> {
    const options = await this.open()
    const { relay, from, deadlineMs = DEADLINE_MS } = options
    const startedAt = performance.now()
    const latency = (): number => Math.round(performance.now() - startedAt)
    const message = await composeMail(attempt, options).catch((error: unknown) => error as Error)
    if (message instanceof Error) return { kind: 'refused', latencyMs: latency(), detail: `the mail cannot be made: ${message.message}` }
    const deadline = new Deadline(deadlineMs, signal)
    try {
      const reply = await submitMail(relay, { from, to: attempt.channel.to, message }, deadline.signal, deadlineMs)
      return { kind: 'delivered', status: Number(/^\d{3}/.exec(reply)?.[0] ?? 250), reply: kept(reply), latencyMs: latency() }
    } catch (error) {
      return { ...judge(error as SubmissionError, signal.aborted, deadline.passed), latencyMs: latency() }
    } finally {
      deadline.clear()
    }
  }
}

/** Sender for deployments without a configured relay. */
export const NO_MAIL: ChannelSender<'email'> = {
  send: async () => ({ kind: 'refused', latencyMs: 0, detail: 'this deployment sends no mail (HMS_NOTIFIER_SMTP_URL)' }),
  refusal: () => ({
    code: 'HMS_PARTNER_MAIL_UNCONFIGURED',
    detail: 'this deployment sends no mail: set HMS_NOTIFIER_SMTP_URL and HMS_NOTIFIER_MAIL_FROM, or give another channel',
  }),
}

function judge(error: SubmissionError, stopped: boolean, late: boolean): Omit<Outcome, 'latencyMs'> {
  const { code, command, responseCode: status, response } = error
  if (late || code === 'ETIMEDOUT') return { kind: 'retry', timedOut: true, detail: 'no answer of the mail relay in time' }
  if (stopped) return { kind: 'retry', detail: 'stopped before the mail relay answered' }
  const step = command === undefined || command === 'CONN' ? '' : ` at ${command}`
  if (status === undefined) return { kind: 'retry', detail: `${code ?? 'failed'}${step}: ${kept(error.message)}` }
  const isAboutMessage = code === 'EENVELOPE' || code === 'EMESSAGE'
  const kind = isAboutMessage && status >= 500 && !RELAY_STATUS.includes(status) ? ('rejected' as const) : ('retry' as const)
  return { kind, status, detail: `the mail relay answered ${status}${step}`, reply: kept(response ?? '') }
}

/** Cuts a foreign text to `REPLY_KEPT` characters, and replaces NUL and lone surrogates, which PostgreSQL cannot store. */
function kept(text: string): string {
  return storable(text.slice(0, REPLY_KEPT))
}

/** Rejection of SMTPConnection: the relay's reply, if any, and the command it replied to. */
interface SubmissionError extends Error {
  code?: string
  command?: string
  response?: string
  responseCode?: number
}

/** Sends a mail on a new SMTP connection; resolves with the relay's reply. `timeoutMs` bounds each wait; `signal` aborts immediately. */
function submitMail(
  relay: SmtpRelay,
  mail: { from: string; to: string; message: Buffer },
  signal: AbortSignal,
  timeoutMs: number,
): Promise<string> {
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
    // Never removed: an `error` event without a listener ends the process, for instance when a relay resets the connection after its reply.
    connection.on('error', finish)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop)
    connection.connect((error) => {
      if (error) finish(error)
      else if (auth === undefined) send()
      // Passes a copy, because nodemailer writes to the object.
      else connection.login({ ...auth }, (refusal) => (refusal ? finish(refusal) : send()))
    })
  })
}
