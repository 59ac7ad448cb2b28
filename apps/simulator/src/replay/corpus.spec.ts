import { describe, expect, it } from 'vitest'
import { CORPUS_LIMITS, parseCorpus, type CorpusOptions } from './corpus.js'
import { virginia } from '../testing/virginia.fixture.js'

function parse(text: string, options: Partial<CorpusOptions> = {}) {
  return parseCorpus(new TextEncoder().encode(text), { id: 'c', format: 'csv', ...options })
}

describe('parseCorpus, CSV', () => {
  it('maps columns, assigns ids to rows, converts decimals to numbers and keeps identifiers as text', () => {
    const text =
      '\uFEFFdate,site,pm25_ug_m3,zip,big,flag\r\n2023-01-06,"A, B",3.30,00501,12345678901234567890,true\r\n2023-01-07,7,-1e-2,,1,\r\n'
    expect(parse(text, { map: { at: 'date', pm25: 'pm25_ug_m3' } })).toEqual({
      problems: [],
      readings: [
        { id: 'c:1', at: '2023-01-06', region: '', site: 'A, B', pm25: 3.3, zip: '00501', big: '12345678901234567890', flag: 'true' },
        { id: 'c:2', at: '2023-01-07', region: '', site: 7, pm25: -0.01, big: 1 },
      ],
    })
  })

  it('keeps id, at and region as text even if they look like numbers', () => {
    expect(parse('id,at,region\n7,2023,3').readings).toEqual([{ id: '7', at: '2023', region: '3' }])
  })

  it.each([
    ['a,b\n1,2\n1,2,3\n', { code: 'HMS_CORPUS_ROW', row: 2 }],
    ['a,b\n1,2\n"x\n', { code: 'HMS_CORPUS_ROW', row: 2 }],
    ['a,a\n1,2\n', { code: 'HMS_CORPUS_HEADER' }],
    ['a,\n1,2\n', { code: 'HMS_CORPUS_HEADER' }],
    ['a,__proto__\n1,2\n', { code: 'HMS_CORPUS_HEADER' }],
    ['id,b\nx,1\nx,2\n', { code: 'HMS_CORPUS_DUPLICATE_ID', row: 2 }],
    ['date;pm25\n2025-01-01;"3,5"\n', { code: 'HMS_CORPUS_HEADER', message: 'the only column is "date;pm25": separate fields by commas' }],
    ['date\tpm25\n2025-01-01\t3\n', { code: 'HMS_CORPUS_HEADER' }],
    ['[{"pm25":1}]', { code: 'HMS_CORPUS_HEADER', message: 'this is JSON: write one object per line to a file .jsonl' }],
    ['a,b\n', { code: 'HMS_CORPUS_EMPTY' }],
    ['', { code: 'HMS_CORPUS_EMPTY' }],
  ])('reports a problem for %j', (text, problem) => {
    const { readings, problems } = parse(text)
    expect(problems[0]).toMatchObject(problem)
    expect(readings).toEqual([])
  })

  it('refuses a map from a missing column, or to a field that another column already gives', () => {
    expect(parse('a\n1', { map: { pm25: 'pm' } }).problems).toMatchObject([{ code: 'HMS_CORPUS_MAP' }])
    expect(parse('at,date\n1,2', { map: { at: 'date' } }).problems).toMatchObject([{ code: 'HMS_CORPUS_HEADER' }])
  })

  it('limits bytes, rows and the number of problems', () => {
    expect(parseCorpus(new Uint8Array(CORPUS_LIMITS.bytes + 1), { id: 'c', format: 'csv' }).problems).toMatchObject([
      { code: 'HMS_CORPUS_TOO_LARGE' },
    ])
    expect(parse(`a\n${'1\n'.repeat(CORPUS_LIMITS.rows + 1)}`).problems).toMatchObject([
      { code: 'HMS_CORPUS_TOO_MANY_ROWS', row: CORPUS_LIMITS.rows + 1 },
    ])
    expect(parse(`a,b\n${'1\n'.repeat(50)}`).problems).toHaveLength(CORPUS_LIMITS.problems)
  })

  it('limits the characters of a row, in one field or in total, and its fields', () => {
    const long = 'x'.repeat(CORPUS_LIMITS.rowChars)
    const problems = (text: string) => parse(text).problems.map(({ code, row, message }) => `${code} ${row ?? ''} ${message}`)
    const longer = `longer than ${CORPUS_LIMITS.rowChars} characters`
    expect(problems(`a,b\n1,${long}\n`)).toEqual([`HMS_CORPUS_ROW 1 ${longer}`])
    expect(problems(`a,b\n1,2\n1,"${long}"\n`)).toEqual([`HMS_CORPUS_ROW 2 ${longer}`])
    expect(problems(`a,b\n${'1,'.repeat(CORPUS_LIMITS.rowFields)}1\n`)).toEqual(['HMS_CORPUS_ROW 1 more than 1000 fields'])
    expect(problems(`a,${long}\n1,2\n`)).toEqual([`HMS_CORPUS_HEADER  ${longer}`])
    expect(problems(`a,b\n1,${long.slice(2)}\n`)).toEqual([])
  })

  it('refuses bytes that are not UTF-8', () => {
    expect(parseCorpus(Uint8Array.of(0x61, 0xff), { id: 'c', format: 'csv' }).problems).toMatchObject([{ code: 'HMS_CORPUS_NOT_UTF8' }])
  })

  it('reads the Virginia file', () => {
    const readings = virginia()
    const count = (holds: (pm25: number, region: string) => boolean) =>
      readings.filter((reading) => holds(reading['pm25'] as number, reading.region)).length
    expect(readings).toHaveLength(7703)
    expect([count((pm25) => pm25 > 35), count((pm25) => pm25 > 25)]).toEqual([118, 249])
    expect([count((_, region) => region === 'NCR'), count((pm25, region) => region === 'NCR' && pm25 > 25)]).toEqual([1419, 60])
    expect(readings[0]).toMatchObject({ id: 'virginia-2023:1', at: '2023-01-06', cbsa: 'Charlottesville, VA', region: 'VA', pm25: 3.3 })
  })
})

describe('parseCorpus, JSON Lines', () => {
  it('accepts facts of any type, renames keys and assigns ids to rows', () => {
    expect(parse('{"t":"2023","pm25":1,"deep":{"a":[1]}}\r\n\n{"id":5}\n', { format: 'jsonl', map: { at: 't' } })).toEqual({
      problems: [],
      readings: [
        { id: 'c:1', at: '2023', region: '', pm25: 1, deep: { a: [1] } },
        { id: '5', at: '', region: '' },
      ],
    })
  })

  it('reports lines that are not an object, too long or too deep', () => {
    const lines = [
      '[1]',
      '{"a":',
      'null',
      JSON.stringify({ a: 'x'.repeat(CORPUS_LIMITS.rowChars) }),
      `{"a":${'['.repeat(40)}${']'.repeat(40)}}`,
    ]
    const { problems } = parse(lines.join('\n'), { format: 'jsonl' })
    expect(problems.map(({ code, row }) => [code, row])).toEqual([1, 2, 3, 4, 5].map((row) => ['HMS_CORPUS_ROW', row]))
  })

  it('refuses numbers that would lose digits, and keeps them as text in CSV', () => {
    const { problems } = parse('{"a":4503599627370497.5}\n{"a":1152921504606846976}\n{"a":"4503599627370497.5"}', { format: 'jsonl' })
    expect(problems.map(({ row, message }) => [row, message.split(' ')[0]])).toEqual([
      [1, '4503599627370497.5'],
      [2, '1152921504606846976'],
    ])
    const { readings } = parse('at,pm25,long\n2023,31.5,4503599627370497.5\n', { format: 'csv' })
    expect(readings).toMatchObject([{ pm25: 31.5, long: '4503599627370497.5' }])
  })
})
