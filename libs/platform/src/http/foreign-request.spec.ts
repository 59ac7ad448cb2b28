import { describe, expect, it } from 'vitest'
import { isForeignHost, isForeignOrigin, isForeignRequest } from './foreign-request.js'

describe('Host', () => {
  it.each(['127.0.0.1:7184', 'localhost', 'LOCALHOST:80', '127.8.9.1', '[::1]:7184'])('%s is of this machine', (host) =>
    expect(isForeignHost(host)).toBe(false),
  )

  it.each([
    undefined,
    '',
    'evil.example',
    'evil.example:7184',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'evil.example@127.0.0.1',
    '192.0.2.1',
    '[2001:db8::1]',
    '127.0.0.1:',
    'localhost:123456',
  ])('%s is foreign', (host) => expect(isForeignHost(host)).toBe(true))

  it('may be the name that the server is bound to', () => {
    expect(isForeignHost('Press.internal:7184', 'press.internal')).toBe(false)
    expect(isForeignHost('evil.example', 'press.internal')).toBe(true)
  })
})

describe('Origin', () => {
  it.each(['http://localhost:3000', 'https://127.0.0.1', 'http://[::1]:7184', undefined])('%s is of this machine', (origin) =>
    expect(isForeignOrigin(origin, '127.0.0.1:7184')).toBe(false),
  )

  it.each([
    'null',
    '',
    'http://evil.example',
    'https://localhost.evil.example',
    'http://evil.example@localhost',
    'http://localhost/evil',
    'file://',
    'chrome-extension://abc',
    'http://localhost http://evil.example',
  ])('%s is foreign', (origin) => expect(isForeignOrigin(origin, '127.0.0.1:7184')).toBe(true))

  it('may be the requested host', () => {
    expect(isForeignOrigin('http://press.internal:7184', 'press.internal:7184')).toBe(false)
    expect(isForeignOrigin('http://press.internal:8080', 'press.internal:7184')).toBe(true)
  })
})

describe('a request', () => {
  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1', undefined])('that arrived over %s is checked by its Host', (localAddress) => {
    expect(isForeignRequest({ headers: { host: 'evil.example' }, socket: { localAddress } })).toBe(true)
    expect(isForeignRequest({ headers: { host: 'localhost' }, socket: { localAddress } })).toBe(false)
  })

  it('that arrived over another address is checked by its Origin only', () => {
    const socket = { localAddress: '192.0.2.7' }
    expect(isForeignRequest({ headers: { host: 'press.internal' }, socket })).toBe(false)
    expect(isForeignRequest({ headers: { host: 'press.internal', origin: 'http://press.internal' }, socket })).toBe(false)
    expect(isForeignRequest({ headers: { host: 'press.internal', origin: 'http://evil.example' }, socket })).toBe(true)
  })
})
