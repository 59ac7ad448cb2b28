import { describe, expect, it } from 'vitest'
import { parseRelay } from './smtp-relay.js'

describe('parseRelay', () => {
  it('reads host, port, user and how the connection is encrypted', () => {
    expect(parseRelay('smtp://relay.example', 'production')).toEqual({ host: 'relay.example', port: 587, isTls: false, requiresTls: true })
    expect(parseRelay('smtps://a%40b:p%3Aw@relay.example:4650', 'production')).toEqual({
      host: 'relay.example',
      port: 4650,
      isTls: true,
      requiresTls: true,
      auth: { user: 'a@b', pass: 'p:w' },
    })
    expect(parseRelay('smtp://127.0.0.1:2525/', 'dev')).toMatchObject({ port: 2525, requiresTls: false })
    expect(parseRelay('smtp://[::1]', 'dev')).toMatchObject({ host: '::1' })
  })

  it.each([
    '',
    'relay.example',
    'http://relay.example',
    'smtp://',
    'smtp://a@relay.example',
    'smtp://relay.example/x',
    'smtp://h?a=b',
    'smtp://%zz:x@h',
  ])('rejects any other text: %s', (text) => {
    expect(parseRelay(text, 'dev')).toBeUndefined()
  })
})
