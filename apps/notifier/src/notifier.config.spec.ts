import { describe, expect, it } from 'vitest'
import { readNotifierConfig } from './notifier.config.js'

describe('the networks that a deployment allows partners', () => {
  it('are none in production, and loopback with profile dev', () => {
    expect(readNotifierConfig({}, 'production').deployment).toEqual({ profile: 'production', networks: [] })
    expect(readNotifierConfig({}, 'dev').deployment).toEqual({ profile: 'dev', networks: ['127.0.0.0/8', '::1/128'] })
  })

  it('are the ones that the variable lists, if it is set', () => {
    expect(readNotifierConfig({ HMS_NOTIFIER_NETWORKS: '10.20.0.0/16, fd12:3456::/32' }, 'dev').deployment.networks).toEqual([
      '10.20.0.0/16',
      'fd12:3456::/32',
    ])
  })

  it.each(['10.0.0.1', '10.0.0.0/33', 'example.org', '10.0.0.0/8,', '::/129', '10.0.0.0/8;fd00::/8'])('cannot be %s', (text) => {
    expect(() => readNotifierConfig({ HMS_NOTIFIER_NETWORKS: text }, 'production')).toThrow('HMS_NOTIFIER_NETWORKS must be CIDRs')
  })
})

describe('mail', () => {
  const [url, from] = ['smtp://hms:s3cret@relay.example', 'press@hms.example']

  it('is sent if relay and sender are configured, encrypted in production', () => {
    expect(readNotifierConfig({}, 'production').mail).toBeUndefined()
    const env = { HMS_NOTIFIER_SMTP_URL: url, HMS_NOTIFIER_MAIL_FROM: from }
    expect(readNotifierConfig(env, 'production').mail).toMatchObject({ from, relay: { host: 'relay.example', requiresTls: true } })
    expect(readNotifierConfig(env, 'dev').mail).toMatchObject({ relay: { requiresTls: false }, dkimSelector: 'hms' })
  })

  it('requires both relay and sender', () => {
    expect(() => readNotifierConfig({ HMS_NOTIFIER_SMTP_URL: url }, 'dev')).toThrow('HMS_NOTIFIER_SMTP_URL requires HMS_NOTIFIER_MAIL_FROM')
    expect(() => readNotifierConfig({ HMS_NOTIFIER_MAIL_FROM: from }, 'dev')).toThrow(
      'HMS_NOTIFIER_MAIL_FROM requires HMS_NOTIFIER_SMTP_URL',
    )
  })

  it('is rejected for an invalid value, which is not repeated because it may contain a password', () => {
    const refused = (changes: Record<string, string>) => () =>
      readNotifierConfig({ HMS_NOTIFIER_SMTP_URL: url, HMS_NOTIFIER_MAIL_FROM: from, ...changes }, 'dev')
    expect(refused({ HMS_NOTIFIER_SMTP_URL: 'smtp://hms:s3cret@relay.example/path' })).toThrow(
      /^(?!.*s3cret).*HMS_NOTIFIER_SMTP_URL must be/,
    )
    expect(refused({ HMS_NOTIFIER_MAIL_FROM: 'Press <press@hms.example>' })).toThrow('HMS_NOTIFIER_MAIL_FROM must be one email address')
    expect(refused({ HMS_NOTIFIER_DKIM_SELECTOR: 'a b' })).toThrow('HMS_NOTIFIER_DKIM_SELECTOR must be')
  })
})

describe('the public address', () => {
  it('is undefined in production unless configured, and a local address with profile dev', () => {
    expect(readNotifierConfig({}, 'production').publicUrl).toBeUndefined()
    expect(readNotifierConfig({ HMS_PORT: '8000' }, 'dev').publicUrl).toBe('http://127.0.0.1:8000')
    const named = { HMS_NOTIFIER_PUBLIC_URL: 'https://hms.agency.gov', HMS_PORT: '8000' }
    expect(readNotifierConfig(named, 'dev').publicUrl).toBe('https://hms.agency.gov')
  })

  it.each(['hms.agency.gov', 'ftp://hms.agency.gov', 'https://hms.agency.gov/', 'https://u:p@hms.agency.gov', 'https://hms.agency.gov?x'])(
    'cannot be %s',
    (text) => expect(() => readNotifierConfig({ HMS_NOTIFIER_PUBLIC_URL: text }, 'production')).toThrow('HMS_NOTIFIER_PUBLIC_URL must be'),
  )
})
