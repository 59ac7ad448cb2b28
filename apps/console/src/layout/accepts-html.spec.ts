import { expect, it } from 'vitest'
import { acceptsHtml } from './accepts-html.js'

it.each([
  [undefined, true],
  ['', true],
  ['text/html', true],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
  ['*/*', true],
  ['text/*', true],
  ['TEXT/HTML; level=1', true],
  ['application/json', false],
  ['application/json, text/plain', false],
  ['text/html;q=0, application/json', false],
  ['text/event-stream', false],
])('Accept %j takes HTML: %s', (accept, takes) => {
  expect(acceptsHtml(accept)).toBe(takes)
})
