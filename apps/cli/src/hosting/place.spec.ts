import { expect, it } from 'vitest'
import { urlOf } from './place.js'

it.each([
  ['127.0.0.1', 'http://127.0.0.1:7184'],
  ['0.0.0.0', 'http://127.0.0.1:7184'],
  ['::', 'http://127.0.0.1:7184'],
  ['10.0.0.5', 'http://10.0.0.5:7184'],
  ['::1', 'http://[::1]:7184'],
  ['press.example', 'http://press.example:7184'],
])('a server that listens on %s is reached at %s', (host, url) => expect(urlOf(host, 7184)).toBe(url))
