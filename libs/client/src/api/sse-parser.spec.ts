import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SseParser } from './sse-parser.js'

describe('SseParser', () => {
  it('reads fields, several data lines, comments and a byte order mark', () => {
    const events = new SseParser().push('\uFEFF: hello\nid: 7\nevent: change\ndata: a\ndata:b\ndata\n\nunknown: x\ndata: c\n\n')
    expect(events).toEqual([
      { event: 'change', data: 'a\nb\n', id: '7' },
      { event: 'message', data: 'c', id: '7' },
    ])
  })

  it('drops an event without data, one without an end, and an id with a null in it', () => {
    expect(new SseParser().push('event: x\n\nid: a\0b\ndata: 1\n\ndata: unfinished\n')).toEqual([{ event: 'message', data: '1', id: '' }])
  })

  it('reads the same however the stream is cut, and whichever line ends it has', () => {
    const text = 'id: 1\ndata: {"a":1}\n\n: beat\n\nid: 2\ndata: x\ndata: y\n\n'
    const whole = new SseParser().push(text)
    fc.assert(
      fc.property(fc.constantFrom('\n', '\r', '\r\n'), fc.array(fc.nat(80)), (end, cuts) => {
        const stream = text.replaceAll('\n', end)
        const places = [0, ...cuts.map((cut) => Math.min(cut, stream.length)).sort((a, b) => a - b), stream.length]
        const parser = new SseParser()
        const events = places.slice(1).flatMap((to, i) => parser.push(stream.slice(places[i], to)))
        expect(events).toEqual(whole)
      }),
    )
  })

  it('refuses a line or an event without end', () => {
    const long = new SseParser(10)
    long.push('data: 1234')
    expect(() => long.push('5')).toThrow(expect.objectContaining({ code: 'HMS_STREAM_OVERSIZED' }) as Error)
    expect(() => new SseParser(10).push('data:123\ndata:456\ndata:789\ndata:012\n')).toThrow('larger')
  })

  it('counts bytes, and the ends of lines that have nothing else', () => {
    expect(() => new SseParser(10).push('data:\u20ac\u20ac')).toThrow('larger than 10 bytes')
    expect(() => new SseParser(10).push('data\n'.repeat(3))).toThrow('larger than 10 bytes')
    expect(new SseParser(10).push('data\n'.repeat(2).concat('\n').repeat(20))).toHaveLength(20)
  })
})
