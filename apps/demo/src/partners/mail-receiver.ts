import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Receipt } from './receipt.js'

const MAX_LINE = 4 * 1024
const IDLE_MS = 60_000

/** A mail server of the demo on loopback: the relay of the agency, and the mailboxes behind it. */
export class MailReceiver {
  private readonly server: Server
  private readonly sockets = new Set<Socket>()
  private readonly partners = new Map<string, string>()
  /** A repeated Message-ID is the same mail tried again. */
  private readonly seen = new Set<string>()

  constructor(private readonly onReceipt: (receipt: Receipt) => void) {
    this.server = createServer((socket) => this.converse(socket))
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve))
  }

  /** Environment variables by which the system finds this server. */
  get environment(): Record<string, string> {
    const { port } = this.server.address() as AddressInfo
    return { HMS_NOTIFIER_SMTP_URL: `smtp://127.0.0.1:${port}`, HMS_NOTIFIER_MAIL_FROM: 'press@epa.example' }
  }

  channelOf(partner: string): { email: { to: string } } {
    const to = `air@${partner}.example`
    this.partners.set(to, partner)
    return { email: { to } }
  }

  stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    return new Promise((resolve) => this.server.close(() => resolve()))
  }

  private converse(socket: Socket): void {
    const conversation = new MailConversation((to, text) => this.look(to, text))
    let pending = ''
    this.sockets.add(socket)
    socket.on('close', () => this.sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.setTimeout(IDLE_MS, () => socket.destroy())
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      const lines = (pending + chunk).split('\r\n')
      pending = lines.pop()!
      if (pending.length > MAX_LINE) socket.destroy()
      for (const line of lines) {
        const reply = conversation.take(line)
        if (reply !== undefined) socket.write(`${reply}\r\n`)
        if (reply?.startsWith('221') === true) socket.end()
      }
    })
    socket.write('220 demo\r\n')
  }

  private look(to: readonly string[], text: string): void {
    const header = (name: string): string | undefined => new RegExp(`^${name}: *(.*(?:\r\n[ \t].*)*)`, 'im').exec(text)?.[1]
    const [message, subject] = [header('message-id'), header('subject')?.replace(/\r\n\s+/g, ' ')]
    const attached = /filename="?([^"\s;]+\.json)/.exec(text)?.[1]
    const partner = this.partners.get(to[0] ?? '')
    if (partner === undefined || message === undefined || attached === undefined || this.seen.has(message)) return
    this.seen.add(message)
    this.onReceipt({ partner, what: `a mail, “${subject ?? ''}”`, proof: `${attached} is attached` })
  }
}

const MAX_MAIL = 2 * 1024 * 1024
const MAX_RECIPIENTS = 10

/** Conversation of one client with the mail server of the demo (RFC 5321, no extensions), line by line. */
export class MailConversation {
  private to: string[] = []
  /** Lines of the mail under way; `undefined` between mails. */
  private lines: string[] | undefined
  private size = 0

  constructor(private readonly onMail: (to: readonly string[], text: string) => void) {}

  /** The reply to a line, if one is due. */
  take(line: string): string | undefined {
    return this.lines === undefined ? this.command(line) : this.content(this.lines, line)
  }

  private command(line: string): string {
    switch (line.slice(0, 4).toUpperCase()) {
      case 'EHLO':
      case 'HELO':
        return '250 demo'
      case 'MAIL':
      case 'RSET':
        this.to = []
        return '250 ok'
      case 'RCPT':
        return this.recipient(/^RCPT TO: *<([^>]+)>/i.exec(line)?.[1])
      case 'DATA':
        if (this.to.length === 0) return '503 name a recipient first'
        this.lines = []
        this.size = 0
        return '354 end with a dot'
      case 'NOOP':
        return '250 ok'
      case 'QUIT':
        return '221 bye'
      default:
        return '502 not known here'
    }
  }

  private recipient(address: string | undefined): string {
    if (address === undefined) return '501 no address'
    if (this.to.length >= MAX_RECIPIENTS) return '452 too many'
    this.to.push(address)
    return '250 ok'
  }

  private content(lines: string[], line: string): string | undefined {
    if (line !== '.') {
      this.size += line.length
      // RFC 5321 §4.5.2: a line that begins with a dot comes with another before it.
      if (this.size <= MAX_MAIL) lines.push(line.startsWith('.') ? line.slice(1) : line)
      return undefined
    }
    this.lines = undefined
    if (this.size > MAX_MAIL) return '552 too large'
    this.onMail(this.to, lines.join('\r\n'))
    return '250 kept'
  }
}
