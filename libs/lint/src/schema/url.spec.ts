import { fullFormats } from 'ajv-formats/dist/formats.js'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isUrl } from './url.js'

const PARTS = [
  'http://',
  'ftp://',
  'https:/',
  '@',
  ':',
  '/',
  '.',
  '-',
  'a',
  'bb',
  'com',
  '1',
  '10',
  '172.16',
  '192.168',
  '223',
  '254',
  '255',
  '099',
  '00',
  ':80',
  ' ',
  'é',
  '😀',
  '?',
  '#',
]

it('isUrl accepts exactly the texts that ajv-formats accepts', () => {
  const { url } = fullFormats as unknown as { url: RegExp }
  const random = fc.array(fc.constantFrom(...PARTS), { maxLength: 9 }).map((parts) => parts.join(''))
  const host = fc.array(
    fc.constantFrom('1', '9', '10', '127', '169', '172', '20', '223', '224', '254', '255', '099', 'a', 'bb', 'a-b', 'a--b', 'x9'),
    { maxLength: 5 },
  )
  const likely = fc
    .tuple(
      fc.constantFrom('', '@', 'a@', 'a:b@', 'a/b@', '@@'),
      host,
      fc.constantFrom('', ':80', ':8', '/', '/a@b.cc', '?', '@a.bb', '/x y'),
    )
    .map(([user, labels, end]) => user + labels.join('.') + end)
  fc.assert(
    fc.property(
      fc.oneof(
        random,
        likely.map((rest) => `http://${rest}`),
      ),
      (text) => {
        expect({ text, url: isUrl(text) }).toEqual({ text, url: url.test(text) })
      },
    ),
    { numRuns: 20_000 },
  )
})
