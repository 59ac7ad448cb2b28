import * as fc from 'fast-check'
import type { Writable } from 'node:stream'
import { expect, it } from 'vitest'
import * as ws from 'ws'
import { textFrame } from './prepared-frame.js'

// The types of `ws` lack `Receiver`.
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable }

/** Returns the texts that `ws`, which most clients of a stream use, parses from these bytes. */
function readByWs(wire: Buffer): string[] {
  const receiver = new Receiver({ isServer: false, allowSynchronousEvents: true })
  const texts: string[] = []
  receiver.on('message', (data: Buffer, isBinary: boolean) => texts.push(isBinary ? 'binary' : data.toString()))
  receiver.write(wire)
  return texts
}

it.each([0, 1, 125, 126, 127, 65_535, 65_536, 200_000])('ws parses a text frame of %i bytes', (bytes) => {
  const text = 'x'.repeat(bytes)
  expect(readByWs(textFrame(text).wire)).toEqual([text])
})

it('ws parses a text frame of any text, which equals the payload of the frame', () => {
  const texts = fc.string({ unit: 'grapheme', maxLength: 300 })
  fc.assert(
    fc.property(texts, (text) => {
      const { wire, payload } = textFrame(text)
      expect(payload.toString()).toBe(text)
      expect(readByWs(Buffer.concat([wire, wire]))).toEqual([text, text])
    }),
  )
})
