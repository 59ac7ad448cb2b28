import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvRecords } from './csv.js'

const records = (text: string) => [...csvRecords(text, { maxChars: 1_000, maxFields: 10 })]

describe('csvRecords', () => {
  it('keeps commas, doubled quotes and line breaks of quoted fields', () => {
    expect(records('a,b\r\n"Charlottesville, VA","say ""hi"""\r\n"two\nlines",x')).toEqual([
      ['a', 'b'],
      ['Charlottesville, VA', 'say "hi"'],
      ['two\nlines', 'x'],
    ])
  })

  it('keeps empty fields, the last one included, and skips blank lines', () => {
    expect(records('a,,c\n\n,,\n1,2,')).toEqual([
      ['a', '', 'c'],
      ['', '', ''],
      ['1', '2', ''],
    ])
    expect(records('a,""\n"",b\n')).toEqual([
      ['a', ''],
      ['', 'b'],
    ])
    expect(records('')).toEqual([])
  })

  it.each([
    ['a,b\n"open,1', 1, 'never closed'],
    ['a,b\n1,2\n"x"y,2', 2, 'closing quote'],
    ['a"b,c', 0, 'unquoted field'],
  ])('refuses %j', (text, row, message) => {
    expect(() => records(text)).toThrow(message)
    expect(() => records(text)).toThrow(expect.objectContaining({ row }))
  })

  it('reads back any quoted fields', () => {
    const row = fc.array(fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ') }), { minLength: 2, maxLength: 4 })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 5 }), (rows) => {
        const text = rows.map((fields) => fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(',')).join('\r\n')
        expect(records(text)).toEqual(rows)
      }),
    )
  })
})
