import { createHash, createVerify, generateKeyPairSync } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import type { EmailChannel } from '../../partners/channel.js'
import type { Attempt } from '../channel-sender.js'
import { sampleAttempt } from '../sample-attempt.suite.js'
import { sampleRelease } from '../sample-release.suite.js'
import { composeMail, type DkimKey } from './compose-mail.js'

const FROM = 'press@hms.example'
const TO: EmailChannel = { kind: 'email', to: 'air@va.example' }
const POLICY = { id: 'epa-pm25-limit', version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 25, title: 'Feinstaub – Grenzwert' }

let attempt: Attempt<EmailChannel>
beforeAll(async () => {
  const usual = sampleAttempt(TO, { id: 'run_184_epa-pm25-limit_va-deq' })
  attempt = { ...usual, content: { ...usual.content, release: await sampleRelease(POLICY) } }
})

async function compose(changes: Partial<Attempt<EmailChannel>> = {}, dkim?: DkimKey) {
  const raw = (await composeMail({ ...attempt, ...changes }, { from: FROM, dkim })).toString()
  const [head = ''] = raw.split('\r\n\r\n')
  const fields = head.split(/\r\n(?![ \t])/).map((field) => field.split(/:[ \t]*(.*)/s) as [string, string])
  return { raw, fields, header: (name: string) => fields.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value) }
}

describe('a composed mail', () => {
  it('names sender, recipient and subject, is marked as automatic, and has an unsubscribe link', async () => {
    const { header } = await compose()
    expect([header('from'), header('to')]).toEqual([[FROM], ['air@va.example']])
    expect(header('subject')).toEqual([expect.stringContaining('epa-pm25-limit')])
    expect(header('auto-submitted')).toEqual(['auto-generated'])
    expect(header('list-unsubscribe')).toEqual([`<mailto:${FROM}?subject=unsubscribe%20va-deq>`])
  })

  it('offers one-click unsubscribe for an https page, and shows the page to people', async () => {
    const page = 'https://hms.agency.example/unsubscribe/sealed.v1.0123456789abcdef.abc'
    const { header, raw } = await compose({ unsubscribePage: page })
    const [ways = ''] = header('list-unsubscribe')
    expect(ways.replace(/\r\n\s+/g, ' ').trim()).toBe(`<${page}>, <mailto:${FROM}?subject=unsubscribe%20va-deq>`)
    expect(header('list-unsubscribe-post')).toEqual(['List-Unsubscribe=One-Click'])
    expect(raw.replace(/=\r\n/g, '')).toContain(`Unsubscribe this address: ${page}`)
    const plain = await compose({ unsubscribePage: page.replace('https', 'http') })
    expect(plain.header('list-unsubscribe-post')).toEqual([])
  })

  it.each(['=?utf-8?Q?gone_=41way?=', 'Feinstaub =?utf-8?B?Z29uZQ==?= é', `${'=?x?q?a?= '.repeat(9)}😀`, '=?', 'plain'])(
    'shows a title unchanged in its subject, even if it looks like an encoded word: %s',
    async (title) => {
      const release = await sampleRelease({ ...POLICY, title })
      const { header } = await compose({ content: { ...attempt.content, release } })
      const [subject = ''] = header('subject')
      expect(subject).not.toContain('=?utf-8?Q?gone')
      expect(subject.split(/\s+/).every((word) => word.length <= 75)).toBe(true)
      const decoded = subject
        .replaceAll(/\?=\s+=\?/g, '?==?')
        .replaceAll(/=\?UTF-8\?(B|Q)\?([^?]*)\?=/gi, (_word, kind: string, text: string) =>
          kind === 'B'
            ? Buffer.from(text, 'base64').toString('latin1')
            : text
                .replaceAll('_', ' ')
                .replaceAll(/=([0-9A-F]{2})/g, (_byte, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
        )
        .replaceAll(/\r\n\s/g, ' ')
        .trimStart()
      expect(Buffer.from(decoded, 'latin1').toString()).toBe(`epa-pm25-limit 2.0.0 is in force: ${title}`)
    },
  )

  it('has one Message-ID for all attempts, a different one per address, and one thread per policy', async () => {
    const first = await compose()
    const again = await compose({ timestamp: new Date('2026-01-02T00:00:00Z'), triesBefore: 3 })
    expect(again.header('message-id')).toEqual(first.header('message-id'))
    expect(first.header('message-id')[0]).toMatch(/^<run_184_epa-pm25-limit_va-deq\.[0-9a-f]{16}@hms\.example>$/)
    const other = await compose({ channel: { kind: 'email', to: 'water@va.example' } })
    expect(other.header('message-id')).not.toEqual(first.header('message-id'))
    const next = await compose({ id: 'run_185_epa-pm25-limit_va-deq' })
    expect(next.header('message-id')).not.toEqual(first.header('message-id'))
    expect([next.header('references'), next.header('in-reply-to')]).toEqual([first.header('references'), first.header('in-reply-to')])
  })

  it('attaches the policy and the signed release', async () => {
    const { raw } = await compose()
    const attached = [...raw.matchAll(/filename=([^\s;]+)[\s\S]*?\r\n\r\n([A-Za-z0-9+/=\r\n]+)/g)].map(([, name, body]) => [
      name,
      JSON.parse(Buffer.from(body!, 'base64').toString()) as object,
    ])
    expect(attached).toEqual([
      ['epa-pm25-limit-2.0.0.json', POLICY],
      ['epa-pm25-limit-2.0.0.release.json', attempt.content.release],
    ])
    expect(raw).toContain('multipart/alternative')
  })

  it('contains no header that a foreign text injects', async () => {
    const evil = 'x\r\nBcc: evil@evil.example\r\n\r\nbody'
    const content = { ...attempt.content, policy: evil, version: evil, release: await sampleRelease({ ...POLICY, title: evil }) }
    const { header, fields } = await compose({ id: evil, content, partner: { id: evil, name: evil } })
    expect([header('bcc'), header('to')]).toEqual([[], ['air@va.example']])
    const known = ['From', 'To', 'Subject', 'Message-ID', 'In-Reply-To', 'References', 'Date', 'Auto-Submitted', 'List-Unsubscribe']
    expect(fields.map(([name]) => name).filter((name) => !known.includes(name) && !/^(MIME|Content)-/.test(name))).toEqual([])
  })

  it('is signed with DKIM, the unsubscribe link included', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    const { raw, fields, header } = await compose(
      { unsubscribePage: 'https://hms.example/unsubscribe/x' },
      { domain: 'hms.example', selector: 'hms', key },
    )
    const [signature = ''] = header('dkim-signature')
    const tags = new Map(
      signature
        .replace(/\s+/g, '')
        .split(';')
        .map((tag) => tag.split(/=(.*)/s) as [string, string]),
    )
    expect([tags.get('d'), tags.get('s'), tags.get('c')]).toEqual(['hms.example', 'hms', 'relaxed/relaxed'])
    const names = tags.get('h')!.split(':')
    expect(names).toEqual(expect.arrayContaining(['from', 'to', 'subject', 'message-id', 'list-unsubscribe', 'list-unsubscribe-post']))
    // RFC 6376 §3.4: relaxed forms of body and header fields.
    const relaxed = (text: string): string =>
      text
        .replace(/\r\n/g, '')
        .replace(/[ \t]+/g, ' ')
        .trim()
    const body = raw
      .slice(raw.indexOf('\r\n\r\n') + 4)
      .replace(/[ \t]+(?=\r\n)/g, '')
      .replace(/[ \t]+/g, ' ')
      .replace(/(\r\n)*$/, '\r\n')
    expect(tags.get('bh')).toBe(createHash('sha256').update(body).digest('base64'))
    const signed = names.map((name) => `${name}:${relaxed(fields.find(([key_]) => key_.toLowerCase() === name)![1])}\r\n`).join('')
    const own = `dkim-signature:${relaxed(signature).replace(/b=[^;]*$/, 'b=')}`
    expect(
      createVerify('rsa-sha256')
        .update(signed + own)
        .verify(publicKey, tags.get('b')!, 'base64'),
    ).toBe(true)
  })
})
