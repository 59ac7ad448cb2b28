const MAX_MAIL = 2 * 1024 * 1024
const MAX_RECIPIENTS = 10

/** What one client says to the mail server of the demo (RFC 5321, no extensions), line by line. */
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
        if (this.to.length === 0) return '503 name somebody first'
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
