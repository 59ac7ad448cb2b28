import { withoutControls } from '#libs/contracts'
import { createHash } from 'node:crypto'
import DKIM from 'nodemailer/lib/dkim'
import MailComposer from 'nodemailer/lib/mail-composer'
import { readRelease } from '#libs/signing'
import type { EmailChannel } from '../../partners/channel.js'
import { contentsOf, type Attempt, type PolicyContent } from '../channel-sender.js'
import { describeNews } from './describe-news.js'
import { mailHtml, mailText } from './mail-body.js'

/** Limit of the attachments of a mail: relays commonly accept 10 MiB or more, and base64 adds a third. */
const MAX_ATTACHED_BYTES = 6 * 1024 * 1024
const MAX_THREADS = 20
/** Maximum bytes of text in an encoded word: as base64 in `=?UTF-8?B?…?=` they are 64 characters, which fit on a line after `Subject: `. */
const MAX_WORD_BYTES = 39

export interface DkimKey {
  domain: string
  selector: string
  /** PEM. */
  key: string
}

export interface MailIdentity {
  /** One address. */
  from: string
  dkim?: DkimKey
}

/**
 * Composes the message of an attempt (RFC 5322). Every attempt has the same Message-ID, so a relay or mail client can drop a duplicate. All
 * messages about one policy to one address form one thread; the message of a bundle joins the threads of its policies.
 */
export async function composeMail(attempt: Attempt<EmailChannel>, { from, dkim }: MailIdentity): Promise<Buffer> {
  const { content, channel, partner, timestamp } = attempt
  const news = describeNews(content, attempt.isLastResort === true)
  const attachments = attachmentsOf(attempt)
  const footer = {
    partner: withoutControls(partner.name),
    attached: attachments.map(({ filename }) => filename),
    receiptPage: attempt.receiptPage,
    unsubscribePage: attempt.unsubscribePage,
  }
  const threads = contentsOf(content).map(({ policy }) => idOf(from, `policy.${policy}`, partner.id, channel.to))
  const message = await new MailComposer({
    from: { name: '', address: from },
    to: { name: '', address: channel.to },
    subject: headerText(news.subject),
    date: timestamp,
    messageId: idOf(from, attempt.id, channel.to),
    inReplyTo: threads[0],
    references: threads.slice(0, MAX_THREADS),
    headers: { 'Auto-Submitted': 'auto-generated', ...unsubscribeHeaders(attempt, from) },
    text: mailText(news, footer),
    html: mailHtml(news, footer),
    attachments,
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build()
  return dkim === undefined ? message : signed(message, dkim)
}

/**
 * Encodes a text as a header value that is displayed unchanged. The composer would pass on a text that looks like an encoded word (RFC
 * 2047), and the mail client would decode it. This function therefore encodes such a text, in words of 75 characters at most.
 */
function headerText(text: string): string {
  if (!text.includes('=?')) return text
  const words: string[] = []
  let word = ''
  for (const char of text) {
    if (Buffer.byteLength(word + char) > MAX_WORD_BYTES) {
      words.push(word)
      word = ''
    }
    word += char
  }
  return [...words, word].map((part) => `=?UTF-8?B?${Buffer.from(part).toString('base64')}?=`).join(' ')
}

/** Returns the unsubscribe headers: RFC 2369 §3.2, and for an https page also RFC 8058, for one-click unsubscribe in mail clients. */
function unsubscribeHeaders({ partner, unsubscribePage: page }: Attempt<EmailChannel>, from: string): Record<string, string> {
  const mailto = `<mailto:${from}?subject=${encodeURIComponent(`unsubscribe ${partner.id}`)}>`
  if (page === undefined) return { 'List-Unsubscribe': mailto }
  const oneClick: Record<string, string> = page.startsWith('https:') ? { 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' } : {}
  return { 'List-Unsubscribe': `<${page}>, ${mailto}`, ...oneClick }
}

/** Returns a message id whose local part has letters, digits, `.`, `_` and `-` only. */
function idOf(from: string, name: string, ...parts: string[]): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([name, ...parts]))
    .digest('hex')
  return `<${name.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 80)}.${hash.slice(0, 16)}@${from.split('@')[1]!}>`
}

interface Attachment {
  filename: string
  contentType: string
  content: Buffer
}

/** Attached files in the order of the bundle, up to `MAX_ATTACHED_BYTES`. */
function attachmentsOf({ content }: Attempt<EmailChannel>): Attachment[] {
  const attached: Attachment[] = []
  let room = MAX_ATTACHED_BYTES
  for (const each of contentsOf(content)) {
    const files = filesOf(each)
    room -= files.reduce((sum, file) => sum + file.content.length, 0)
    if (room < 0) break
    attached.push(...files)
  }
  return attached
}

/** Files of one policy: the policy as readable text, and the signed release with its inclusion proof. */
function filesOf({ policy, version, release }: PolicyContent): Attachment[] {
  if (release === null) return []
  const name = `${policy}-${version}`.replace(/[^A-Za-z0-9.+_-]/g, '-')
  const file = (filename: string, value: object): Attachment => ({
    filename,
    contentType: 'application/json',
    content: Buffer.from(`${JSON.stringify(value, null, 2)}\n`),
  })
  return [file(`${name}.json`, readRelease(release.envelope).predicate.policy), file(`${name}.release.json`, release)]
}

async function signed(message: Buffer, { domain, selector, key }: DkimKey): Promise<Buffer> {
  const chunks: Buffer[] = []
  const stream = new DKIM({ domainName: domain, keySelector: selector, privateKey: key }).sign(message)
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}
