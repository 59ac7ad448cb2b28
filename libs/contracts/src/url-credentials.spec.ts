import { describe, expect, it } from 'vitest'
import { maskCredentials, withoutCredentials } from './printable.js'

describe('URLs with credentials', () => {
  it.each([
    ['http://u:SECRET@host:7184/x', 'http://***@host:7184/x'],
    ['http://:SECRET@host', 'http://***@host'],
    ['http://u:SEC@RET@host', 'http://***@host'],
    ['http://u:SEC/RET@host', 'http://***@host'],
    ['HTTPS:u:SECRET@host', '***@host'],
    ['u:SECRET@host', '***@host'],
    ['http://host/?token=SECRET', 'http://host/?***'],
    ['http://host/#SECRET', 'http://host/?***'],
    ['ftp://host/path', 'ftp://host/path'],
  ])('%s is displayed as %s', (address, shown) => {
    expect(withoutCredentials(address)).toBe(shown)
  })

  it('are masked anywhere in a text', () => {
    expect(maskCredentials('fetch of http://u:SECRET@a/x and "postgres://u:SE@CRET@db" failed')).toBe(
      'fetch of http://***@a/x and "postgres://***@db" failed',
    )
    expect(maskCredentials('https://a/x@y by EPA Chief <chief@epa.example>')).toBe('https://a/x@y by EPA Chief <chief@epa.example>')
  })
})
