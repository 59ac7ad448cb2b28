/** Error for a row that RFC 4180 does not allow. `row` counts records from 0, the header included. */
export class CsvError extends Error {
  constructor(
    readonly row: number,
    message: string,
  ) {
    super(message)
  }
}

/**
 * Yields the records of a CSV text by RFC 4180: quoted fields may have commas, line breaks and doubled quotes; CRLF or LF, optional at the
 * end. Skips blank lines. Throws `CsvError` for mismatched quotes, or a row of more than `maxChars` characters or `maxFields` fields.
 */
export function* csvRecords(text: string, { maxChars, maxFields }: { maxChars: number; maxFields: number }): Generator<string[]> {
  let at = 0
  let begin = 0
  let row = 0
  let fields: string[] = []
  while (at < text.length) {
    const field = text[at] === '"' ? quoted(text, at, row) : plain(text, at, row)
    fields.push(field.value)
    at = field.end
    if (at - begin > maxChars) throw new CsvError(row, `longer than ${maxChars} characters`)
    if (fields.length > maxFields) throw new CsvError(row, `more than ${maxFields} fields`)
    if (text[at] === ',') {
      at += 1
      // A comma that ends the text still opens one more, empty field.
      if (at < text.length) continue
      fields.push('')
    }
    at += text.startsWith('\r\n', at) ? 2 : 1
    if (fields.length > 1 || fields[0] !== '') {
      yield fields
      row += 1
    }
    fields = []
    begin = at
  }
}

interface Field {
  value: string
  end: number
}

function quoted(text: string, start: number, row: number): Field {
  let close = text.indexOf('"', start + 1)
  while (close !== -1 && text[close + 1] === '"') close = text.indexOf('"', close + 2)
  if (close === -1) throw new CsvError(row, 'a quoted field is never closed')
  const end = close + 1
  if (end < text.length && text[end] !== ',' && text[end] !== '\n' && !text.startsWith('\r\n', end))
    throw new CsvError(row, 'text follows a closing quote')
  return { value: text.slice(start + 1, close).replaceAll('""', '"'), end }
}

function plain(text: string, start: number, row: number): Field {
  let end = start
  for (; end < text.length; end += 1) {
    const char = text[end]
    if (char === ',' || char === '\n' || (char === '\r' && text[end + 1] === '\n')) break
    if (char === '"') throw new CsvError(row, 'a quote stands inside an unquoted field')
  }
  return { value: text.slice(start, end), end }
}
