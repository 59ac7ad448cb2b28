import { describe, expect, it } from 'vitest'
import { MailConversation } from './mail-receiver.js'

describe('the mail server of the demo', () => {
  const mails: [readonly string[], string][] = []
  const conversation = new MailConversation((to, text) => void mails.push([to, text]))
  const say = (...lines: string[]): (string | undefined)[] => lines.map((line) => conversation.take(line))

  it('takes a mail, and undoes the dots', () => {
    expect(say('EHLO x', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'DATA')).toEqual([
      '250 demo',
      '250 ok',
      '250 ok',
      '354 end with a dot',
    ])
    expect(say('Subject: x', '', '..', '.')).toEqual([undefined, undefined, undefined, '250 kept'])
    expect(mails).toEqual([[['c@d.example'], 'Subject: x\r\n\r\n.']])
  })

  it('refuses what comes in no order or without end', () => {
    expect(say('RSET', 'DATA', 'RCPT TO:c', 'HELP')).toEqual([
      '250 ok',
      '503 name a recipient first',
      '501 no address',
      '502 not known here',
    ])
    say('RCPT TO:<c@d.example>', 'DATA')
    for (let size = 0; size <= 2 * 1024 * 1024; size += 1024) say('x'.repeat(1024))
    expect(say('.', 'QUIT')).toEqual(['552 too large', '221 bye'])
    expect(mails).toHaveLength(1)
  })
})
