import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sseParser } from './sse-parser.js'

describe('the parser of server-sent events', () => {
  it('reads fields, several data lines, and comments', () => {
    const events = sseParser().push(': hello\nid: 7\nevent: change\ndata: a\ndata:b\ndata\n\nunknown: x\ndata: c\n\n')
    expect(events).toEqual([
      { event: 'change', data: 'a\nb\n', id: '7' },
      { event: 'message', data: 'c', id: '7' },
    ])
  })

  it('drops an event without data, an incomplete event, and an id with a null character', () => {
    expect(sseParser().push('event: x\n\nid: a\0b\ndata: 1\n\ndata: unfinished\n')).toEqual([{ event: 'message', data: '1', id: '' }])
  })

  it('reads the same events for any chunks and line ends', () => {
    // A CR at the end of the stream waits for an LF, so a comment follows it.
    const text = 'id: 1\ndata: {"a":1}\n\n: beat\n\nid: 2\ndata: x\ndata: y\n\n: beat\n'
    const whole = sseParser().push(text)
    expect(whole).toHaveLength(2)
    fc.assert(
      fc.property(fc.constantFrom('\n', '\r', '\r\n'), fc.array(fc.nat(80)), (end, cuts) => {
        const stream = text.replaceAll('\n', end)
        const places = [0, ...cuts.map((cut) => Math.min(cut, stream.length)).sort((a, b) => a - b), stream.length]
        const parser = sseParser()
        const events = places.slice(1).flatMap((to, i) => parser.push(stream.slice(places[i], to)))
        expect(events).toEqual(whole)
      }),
    )
  })

  it('refuses an endless line or event', () => {
    const long = sseParser(10)
    long.push('data: 1234')
    expect(() => long.push('5')).toThrow(expect.objectContaining({ code: 'HMS_STREAM_OVERSIZED' }) as Error)
    expect(() => sseParser(10).push('data:123\ndata:456\ndata:789\ndata:012\n')).toThrow('larger')
  })

  it('counts all characters of an event, also in one chunk and in lines without content', () => {
    expect(() => sseParser(10).push('data: 12345678901\n\n')).toThrow('larger than 10 characters')
    expect(() => sseParser(10).push('data\n'.repeat(3))).toThrow('larger than 10 characters')
    const parser = sseParser(10)
    for (let part = 0; part < 2; part++) parser.push('data\n')
    expect(() => parser.push('data\n')).toThrow('larger than 10 characters')
    const beats = sseParser(10)
    for (let beat = 0; beat < 20; beat++) beats.push(beat % 2 === 0 ? ': beat\n' : '\n')
    expect(sseParser(10).push('data\n'.repeat(2).concat('\n').repeat(20))).toHaveLength(20)
  })
})
