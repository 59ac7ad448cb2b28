import { once } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificates } from '../../../../../test/support/broker/certificates.js'
import { sampleAttempt } from '../sample-attempt.suite.js'
import { SmtpEmailSender } from './send-email.js'
import type { SmtpRelay } from './smtp-relay.js'

const never = new AbortController().signal
const attempt = sampleAttempt({ kind: 'email', to: 'air@va.example' }, { id: 'run_184_epa-pm25-limit_va-deq' })
const auth = { user: 'hms', pass: 'relay password' }
const closers: (() => Promise<void>)[] = []
let [ca, key, cert] = ['', '', '']

beforeAll(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hms-smtp-'))
  ca = readFileSync(await makeCertificates(dir), 'utf8')
  ;[key, cert] = ['broker.key', 'broker.pem'].map((name) => readFileSync(join(dir, name), 'utf8')) as [string, string]
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Starts a relay that records the mails it accepts. */
async function relay(options: SMTPServerOptions = {}): Promise<{ port: number; kept: string[] }> {
  const kept: string[] = []
  const server = new SMTPServer({
    key,
    cert,
    authOptional: true,
    disableReverseLookup: true,
    closeTimeout: 10,
    logger: false,
    onAuth: ({ username, password }, _session, done) =>
      username === auth.user && password === auth.pass ? done(null, { user: username }) : done(new Error('who are you')),
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        kept.push(Buffer.concat(chunks).toString())
        done(null, 'kept as 1')
      })
    },
    ...options,
  })
  // Some cases break the connection on purpose.
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  closers.push(() => new Promise((resolve) => server.close(() => resolve())))
  return { port: (server.server.address() as AddressInfo).port, kept }
}

function sender(port: number, more: Partial<SmtpRelay> = {}, deadlineMs?: number): SmtpEmailSender {
  const usual = { host: '127.0.0.1', port, isTls: false, requiresTls: true, ca }
  return new SmtpEmailSender(async () => ({ relay: { ...usual, ...more }, from: 'press@hms.example', deadlineMs }))
}

const refusal = (responseCode: number): Error => Object.assign(new Error('no'), { responseCode })

describe('SmtpEmailSender', () => {
  it('submits a mail by STARTTLS, with a login', async () => {
    const secured: boolean[] = []
    const { port, kept } = await relay({
      authOptional: false,
      onMailFrom: (_address, session, done) => {
        secured.push(session.secure)
        done()
      },
    })
    const outcome = await sender(port, { auth }).send(attempt, never)
    expect(outcome).toMatchObject({ kind: 'delivered', status: 250, reply: expect.stringContaining('kept as 1') })
    expect([secured, kept.length]).toEqual([[true], 1])
    expect(kept[0]).toMatch(/^Message-ID: <run_184_epa-pm25-limit_va-deq\./m)
  })

  it('submits a mail by TLS from the start', async () => {
    const { port, kept } = await relay({ secure: true })
    expect(await sender(port, { isTls: true, auth }).send(attempt, never)).toMatchObject({ kind: 'delivered' })
    expect(kept).toHaveLength(1)
  })

  it('sends nothing unencrypted if TLS is required, and nothing to a relay with an unknown certificate', async () => {
    const plain = await relay({ disabledCommands: ['STARTTLS'] })
    expect(await sender(plain.port).send(attempt, never)).toMatchObject({ kind: 'retry' })
    const strange = await relay()
    expect(await sender(strange.port, { ca: undefined }).send(attempt, never)).toMatchObject({ kind: 'retry', detail: expect.any(String) })
    expect([plain.kept, strange.kept]).toEqual([[], []])
    expect(await sender(plain.port, { requiresTls: false }).send(attempt, never)).toMatchObject({ kind: 'delivered' })
  })

  it('reports 4xx as retry, and delivers at the next attempt', async () => {
    const answers = [refusal(451), undefined]
    const { port, kept } = await relay({ onRcptTo: (_address, _session, done) => done(answers.shift()) })
    const mail = sender(port)
    expect(await mail.send(attempt, never)).toMatchObject({ kind: 'retry', status: 451, detail: 'the mail relay answered 451 at RCPT TO' })
    expect(await mail.send(attempt, never)).toMatchObject({ kind: 'delivered' })
    expect(kept).toHaveLength(1)
  })

  it('reports 5xx about the recipient or the message as a permanent refusal', async () => {
    const refusing = await relay({ onRcptTo: (_address, _session, done) => done(refusal(550)) })
    expect(await sender(refusing.port).send(attempt, never)).toMatchObject({ kind: 'rejected', status: 550 })
    const unwanted = await relay({
      onData: (stream, _session, done) => {
        stream.resume()
        stream.on('end', () => done(refusal(554)))
      },
    })
    expect(await sender(unwanted.port).send(attempt, never)).toMatchObject({ kind: 'rejected', status: 554 })
  })

  it("reports a wrong password as retry, because the error is not the partner's", async () => {
    const { port } = await relay()
    const outcome = await sender(port, { auth: { ...auth, pass: 'wrong' } }).send(attempt, never)
    expect(outcome).toMatchObject({ kind: 'retry', status: 535 })
    expect(JSON.stringify(outcome)).not.toContain('wrong')
  })

  it('reports retry if the connection is lost after the message', async () => {
    const lost = createServer((socket) => {
      socket.on('error', () => {}).write('220 here\r\n')
      let heard = ''
      socket.on('data', (data) => {
        heard += data.toString('latin1')
        if (heard.endsWith('\r\n.\r\n')) socket.destroy()
        else if (heard.endsWith('DATA\r\n')) socket.write('354 go on\r\n')
        else if (heard.endsWith('\r\n')) socket.write('250 well\r\n')
      })
    }).listen(0, '127.0.0.1')
    await once(lost, 'listening')
    closers.push(async () => void lost.close())
    const { port } = lost.address() as AddressInfo
    const outcome = await sender(port, { requiresTls: false }).send(attempt, never)
    expect(outcome).toMatchObject({ kind: 'retry', detail: expect.stringMatching(/clos/) })
  })

  it('fails at the deadline if the relay is silent, and immediately on abort', async () => {
    const silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    closers.push(async () => {
      silent.close()
    })
    const { port } = silent.address() as AddressInfo
    expect(await sender(port, {}, 50).send(attempt, never)).toMatchObject({ kind: 'retry', timedOut: true })
    const stop = new AbortController()
    silent.once('connection', () => stop.abort())
    const stopped = { kind: 'retry', detail: 'stopped before the mail relay answered' }
    expect(await sender(port).send(attempt, stop.signal)).toMatchObject(stopped)
    expect(await sender(port).send(attempt, AbortSignal.abort())).toMatchObject(stopped)
  })

  it('reports an unreachable relay', async () => {
    const { port } = await relay()
    for (const close of closers.splice(0)) await close()
    expect(await sender(port).send(attempt, never)).toMatchObject({ kind: 'retry', detail: expect.stringContaining('ESOCKET') })
  })
})
